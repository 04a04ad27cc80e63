import type { Code } from "./code.ts";
import type { Context } from "./context.ts";
import { Frame } from "./frame.ts";
import { type Place, placeOf } from "./places.ts";
import type { Poll } from "./poll.ts";

/**
 * A frame whose code the compiler has written. A subclass has a slot for each value that must outlast a suspend.
 *
 * The code's function can also run without a frame: a compiled coroutine calls another one directly, and a frame is made
 * only when something has to wait ({@link Frame.suspend}).
 *
 * **Few classes.** Coroutines share the classes below by how many slots they need; only one that needs more than the
 * largest has comes with a class of its own. With a class for each coroutine V8 would see as many of them as a program
 * has coroutines in each line of {@link Frame} that reads a field, and look each field up by name.
 *
 * @internal
 */
export abstract class CompiledFrame<T> extends Frame<T> {
  /** Where the code goes on: 0 is its start, any other number a line that awaits. Negative: to be left from there. */
  at: number;
  readonly code: Code<T>;

  constructor(code: Code<T>) {
    super();
    this.at = 0;
    this.code = code;
  }

  override get name(): string {
    return this.code.about.name;
  }

  override get place(): Place | null {
    const { file, states } = this.code.about;
    return placeOf(file, states, this);
  }

  override step(cx: Context): Poll<T> {
    const { run } = this.code;
    return run(cx, this);
  }

  override unwind(cx: Context): Poll<T> {
    if (this.code.about.hasFinally !== true) return undefined as T; // Nobody is given it: the coroutine is cancelled.
    this.at = -this.at; // Its code finds the `finally` to go through.
    return this.step(cx);
  }
}

/** A frame with one slot, or with none in use. */
export class Frame1<T> extends CompiledFrame<T> {
  s0: unknown;

  constructor(code: Code<T>, s0?: unknown) {
    super(code);
    this.s0 = s0;
  }

  protected override drop(): void {
    this.s0 = undefined;
  }
}

/** A frame with three slots. */
export class Frame3<T> extends CompiledFrame<T> {
  s0: unknown;
  s1: unknown;
  s2: unknown;

  constructor(code: Code<T>, s0?: unknown, s1?: unknown, s2?: unknown) {
    super(code);
    this.s0 = s0;
    this.s1 = s1;
    this.s2 = s2;
  }

  protected override drop(): void {
    this.s0 = undefined;
    this.s1 = undefined;
    this.s2 = undefined;
  }
}

/** A frame with eight slots. */
export class Frame8<T> extends CompiledFrame<T> {
  s0: unknown;
  s1: unknown;
  s2: unknown;
  s3: unknown;
  s4: unknown;
  s5: unknown;
  s6: unknown;
  s7: unknown;

  constructor(
    code: Code<T>,
    s0?: unknown,
    s1?: unknown,
    s2?: unknown,
    s3?: unknown,
    s4?: unknown,
    s5?: unknown,
    s6?: unknown,
    s7?: unknown,
  ) {
    super(code);
    this.s0 = s0;
    this.s1 = s1;
    this.s2 = s2;
    this.s3 = s3;
    this.s4 = s4;
    this.s5 = s5;
    this.s6 = s6;
    this.s7 = s7;
  }

  protected override drop(): void {
    this.s0 = undefined;
    this.s1 = undefined;
    this.s2 = undefined;
    this.s3 = undefined;
    this.s4 = undefined;
    this.s5 = undefined;
    this.s6 = undefined;
    this.s7 = undefined;
  }
}
