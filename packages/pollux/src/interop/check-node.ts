import { describe } from "../core/errors.ts";
import type { NodeReadable, NodeWritable } from "./node-types.ts";

/**
 * @throws TypeError for what is no readable of Node
 * @internal
 */
export function checkReadable(who: string, stream: unknown): asserts stream is NodeReadable {
  const { read, on, destroy } = (stream ?? {}) as Partial<NodeReadable>;
  if (typeof read !== "function" || typeof on !== "function" || typeof destroy !== "function")
    throw new TypeError(`${who} needs a Readable of Node, not ${describe(stream)}`);
}

/**
 * As {@link checkReadable}, of one that gives bytes.
 *
 * @internal
 */
export function checkByteReadable(who: string, stream: unknown): asserts stream is NodeReadable {
  checkReadable(who, stream);
  if (stream.readableObjectMode)
    throw new TypeError(
      `${who} needs a stream of bytes, and this one is in object mode: use fromNodeReadable`,
    );
  if (stream.readableEncoding !== null)
    throw new TypeError(
      `${who} needs a stream of bytes, and this one has an encoding: do not call setEncoding`,
    );
}

/**
 * @throws TypeError for what is no writable of Node
 * @internal
 */
export function checkWritable(who: string, stream: unknown): asserts stream is NodeWritable {
  const { write, on, destroy } = (stream ?? {}) as Partial<NodeWritable>;
  if (typeof write !== "function" || typeof on !== "function" || typeof destroy !== "function")
    throw new TypeError(`${who} needs a Writable of Node, not ${describe(stream)}`);
  if ((stream as NodeWritable).writableObjectMode)
    throw new TypeError(`${who} needs a stream of bytes, and this one is in object mode`);
}
