/** What a stream of the Web's is filled from. */
export interface BodyBytes {
  /** Fills a part of a buffer; 0 at the end. */
  read(buf: Uint8Array): PromiseLike<number>;
  close(): void;
}

/** How much is read at a time when nobody has given a buffer of their own. */
const CHUNK = 65_536;

/** A stream of bytes that is read when somebody reads it; without a source, an empty one. @internal */
export function filledStream(source: BodyBytes | null): ReadableStream<Uint8Array> {
  return new ReadableStream(
    {
      type: "bytes",
      pull: async (controller: ReadableByteStreamController) => {
        const request = controller.byobRequest;
        const view = request?.view ?? null;
        const buf =
          view === null
            ? new Uint8Array(CHUNK)
            : new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
        const size = source === null ? 0 : await source.read(buf);
        if (size === 0) controller.close();
        if (view !== null) request?.respond(size);
        else if (size > 0) controller.enqueue(size > CHUNK / 2 ? buf.subarray(0, size) : buf.slice(0, size));
      },
      cancel: () => source?.close(),
    },
    { highWaterMark: 0 },
  );
}
