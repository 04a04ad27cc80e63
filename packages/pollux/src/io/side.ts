import { FutureInUseError } from "../core/errors.ts";
import type { AsyncRead } from "./async-read.ts";
import type { ReadSide } from "./operation.ts";

/**
 * One side of a stream of bytes, reading or writing, and the operation that has it: one at a time, from its first poll to
 * its end.
 *
 * @internal
 */
export class Side {
  private readonly what: string;
  private readonly of: string;
  private operation: object | null = null;

  /**
   * @param what - names the operation that has it, in errors
   * @param of - names what it is a side of
   */
  constructor(what: string, of = "this stream") {
    this.what = what;
    this.of = of;
  }

  /** @throws FutureInUseError if another operation has it */
  begin(operation: object): void {
    if (this.operation === operation) return;
    if (this.operation !== null) throw new FutureInUseError(`another ${this.what} waits on ${this.of}`);
    this.operation = operation;
  }

  /** Whether it was the operation's, which it is no longer. */
  end(operation: object): boolean {
    if (this.operation !== operation) return false;
    this.operation = null;
    return true;
  }
}

/**
 * The read side of what a wrapper reads from, which the wrapper's operations then take part in: one at a time waits,
 * whichever way it came. One of its own for a reader that has none.
 *
 * @internal
 */
export function readSideOf(reader: AsyncRead): Side {
  const { reading } = reader as Partial<ReadSide>;
  return reading instanceof Side ? reading : new Side("read");
}
