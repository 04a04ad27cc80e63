import type { CompiledFrame } from "./compiled-frame.ts";
import type { Context } from "./context.ts";
import type { States } from "./places.ts";
import type { Poll } from "./poll.ts";

/** What the compiler says of one coroutine. */
export interface About {
  readonly name: string;
  /** The file that was compiled. */
  readonly file: string;
  /** Where it can wait. */
  readonly states: States;
  /** Whether a cancel has a `finally` to go through. Default: no. */
  readonly hasFinally?: boolean;
}

/** The function that has a compiled coroutine's code. Without a frame it starts, with what it is given after it. */
export type Run<T> = (cx: Context, frame: CompiledFrame<T> | null) => Poll<T>;

/**
 * What the frames of one coroutine share: its code, and what is known of it. A coroutine that is written inside of a
 * function has one for each time that function has come to it, since the code sees that function's variables.
 *
 * @internal
 */
export class Code<T> {
  readonly run: Run<T>;
  readonly about: About;

  constructor(run: Run<T>, about: About) {
    this.run = run;
    this.about = about;
  }
}
