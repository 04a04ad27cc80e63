import { describe } from "../core/errors.ts";
import type { NodeTransferable } from "../node/node-types.ts";
import { surroundings } from "./in-thread.ts";

/** What is noted in this thread, where it is none of a pool. */
const own = new WeakMap<object, readonly NodeTransferable[]>();

const noted = (): WeakMap<object, readonly NodeTransferable[]> => surroundings()?.transfers ?? own;

/**
 * Has parts of a value moved to the other thread, and not copied: an argument of a call, or what it returns. Moving takes
 * no time whatever the size; and this thread has them no longer, from when the call begins.
 *
 * @param value - an object, of which a clone is sent; given back as it is
 * @param parts - what is in it to move: an `ArrayBuffer`, a `MessagePort`, a stream of the Web
 * @throws TypeError if the value is no object
 *
 * @example
 * ```ts
 * const zlib = blocking<typeof import("node:zlib")>("node:zlib");
 * const bytes = new Uint8Array(1_000_000);
 * const main = co(function* () {
 *   const packed = yield* zlib.gzipSync(transfer(bytes, [bytes.buffer]));
 *   console.log(packed.length < 2_000, bytes.length); // true 0
 * });
 * await run(main());
 * ```
 */
export function transfer<T extends object>(value: T, parts: readonly NodeTransferable[]): T {
  if (typeof value !== "object" || value === null)
    throw new TypeError(`transfer needs an object that holds what is to move, not ${describe(value)}`);
  noted().set(value, parts);
  return value;
}

/** @internal */
export function transfersOf(value: unknown): readonly NodeTransferable[] {
  return typeof value === "object" && value !== null ? (noted().get(value) ?? []) : [];
}
