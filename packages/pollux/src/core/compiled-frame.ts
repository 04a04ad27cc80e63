import type { Context } from "./context.ts";
import { Frame } from "./frame.ts";
import { type Place, placeOf } from "./places.ts";
import type { Poll } from "./poll.ts";

/**
 * A frame whose code the compiler has written. A subclass has a slot for each value that must outlast a suspend, and its
 * `step` calls the function that has the coroutine's code, with the frame.
 *
 * That function can also run without a frame: a compiled coroutine calls another one directly, and a frame is made only
 * when something has to wait ({@link Frame.suspend}).
 *
 * @internal
 */
export abstract class CompiledFrame<T> extends Frame<T> {
  /** Where the code goes on: 0 is its start, any other number a line that awaits. Negative: to be left from there. */
  at: number;

  constructor() {
    super();
    this.at = 0;
  }

  override get place(): Place | null {
    return placeOf(this);
  }

  /** For a coroutine that has a `finally`: its code finds the one to go through. */
  protected exit(cx: Context): Poll<T> {
    this.at = -this.at;
    return this.step(cx);
  }

  override unwind(_cx: Context): Poll<T> {
    return undefined as T; // Nobody is given it: the coroutine is cancelled.
  }

  /** A frame that has slots empties them. */
  protected override drop(): void {}
}

/** A frame of a coroutine that is written inside of a function: its code sees that function's variables. */
export abstract class ClosureFrame<T> extends CompiledFrame<T> {
  /** The coroutine's code. */
  readonly run: (cx: Context, frame: this | null) => Poll<T>;

  constructor(run: (cx: Context, frame: ClosureFrame<T> | null) => Poll<T>) {
    super();
    this.run = run;
  }

  override step(cx: Context): Poll<T> {
    return this.run(cx, this);
  }
}
