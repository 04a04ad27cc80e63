import { describe } from "../core/errors.ts";
import { attachErrors } from "../core/further-errors.ts";
import type { NodeReadable, NodeWritable } from "./node-types.ts";

/**
 * Destroys a stream, unless that has happened, and waits until it has closed.
 *
 * @returns rejected with what the destruction fails with. A failure that was there before is not one, and neither is what
 *   only says that the stream was destroyed before its end: an `AbortError`, as of undici's bodies, or `ECANCELED`, as newer
 *   Nodes say of a TLS socket that was writing.
 * @internal
 */
export function leaveStream(stream: NodeReadable | NodeWritable): Promise<void> {
  const before = stream.errored;
  if (stream.closed) return DONE;
  return new Promise((resolve, reject) => {
    // Without this listener, a failure would be an uncaught error whether or not somebody waits.
    const ignore = (): void => {};
    stream.on("error", ignore);
    stream.once("close", () => {
      stream.removeListener("error", ignore);
      const { errored } = stream;
      if (errored === null || errored === before || saysDestroyed(errored)) resolve();
      else reject(errored);
    });
    stream.destroy();
  });
}

function saysDestroyed(error: NodeJS.ErrnoException): boolean {
  return error.name === "AbortError" || error.code === "ECANCELED";
}

const DONE = Promise.resolve();

/**
 * Gives the callback of a `destroy` what the stream was destroyed with, or else what its cleanup fails with. Of both, the
 * second is beside the first.
 *
 * @internal
 */
export function whenGivenUp(
  ending: Promise<unknown>,
  error: Error | null,
  callback: (error?: Error | null) => void,
): void {
  ending.then(
    () => callback(error),
    (failure) => {
      if (error !== null) attachErrors(error, [failure]);
      callback(error ?? asError(failure));
    },
  );
}

/**
 * Node takes `null` and `undefined` for no failure at all, and reads properties of any.
 *
 * @internal
 */
export function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(`failed with ${describe(error)}`, { cause: error });
}
