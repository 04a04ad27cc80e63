import type { Context } from "../core/context.ts";
import type { Poll } from "../core/poll.ts";
import type { BufferedReader } from "./buffered-reader.ts";
import { ReadOperation } from "./operation.ts";

/** @internal */
export class FillBuf extends ReadOperation<Uint8Array, BufferedReader> {
  private readonly atLeast: number;

  constructor(reader: BufferedReader, atLeast: number) {
    super(reader);
    this.atLeast = atLeast;
  }

  protected override get what(): string {
    return "fillBuf()";
  }

  protected override attempt(reader: BufferedReader, cx: Context): Poll<Uint8Array> {
    return reader.pollFillBuf(cx, this.atLeast);
  }
}
