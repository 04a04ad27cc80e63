import { co, End, fromNodeReadable, fromPromise } from "pollux";
import { request } from "undici";

/**
 * Fetches a text with undici. Whoever cancels this, be it a `timeout`, a lost `select` or a scope that has failed, aborts
 * the request: undici is given the signal that the cancel aborts.
 */
export const fetchText = co(function* (url: string) {
  return yield* fromPromise(async (signal) => {
    const { statusCode, body } = await request(url, { signal });
    const text = await body.text();
    if (statusCode !== 200) throw new Error(`${url} answered with status ${statusCode}`);
    return text;
  });
});

/**
 * Counts the bytes of a body as they arrive: none is read ahead beyond the buffer of the stream. A cancel destroys the body,
 * and with it the connection.
 */
export const countBytes = co(function* (url: string, onChunk: (bytes: number) => void = () => {}) {
  const { body } = yield* fromPromise((signal) => request(url, { signal }));
  const chunks = fromNodeReadable(body);
  let bytes = 0;
  try {
    for (let chunk: Uint8Array | End; (chunk = yield* chunks.next()) !== End; ) {
      bytes += chunk.length;
      onChunk(bytes);
    }
  } finally {
    yield* chunks.close();
  }
  return bytes;
});
