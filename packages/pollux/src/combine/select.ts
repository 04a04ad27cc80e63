import { AllDisabledError, describe } from "../core/errors.ts";
import { type Future, isFuture } from "../core/future.ts";
import type { Child } from "./child.ts";
import { Combinator } from "./combinator.ts";
import { randomBelow } from "./random.ts";
import { requireFuture } from "./require-future.ts";
import type { ValueOf } from "./types.ts";

/** What an arm can be in place of a future to be left out: so `{ msg: open && rx.recv() }` is a precondition. */
export type Disabled = false | null | undefined;

/** The arms of a {@link select}, by name. */
export type Arms<A> = { readonly [K in keyof A]: Future<unknown> | Disabled };

/** What a {@link select} gives: for each arm that can win `{ key, value }`, told apart by `key`. */
export type Selected<A> = {
  [K in keyof A & string]-?: [Extract<A[K], Future<unknown>>] extends [never]
    ? never
    : { readonly key: K; readonly value: ValueOf<A[K]> };
}[keyof A & string];

/** How a {@link select} chooses. */
export interface SelectOptions {
  /** Prefers the arm that comes first among those that are ready, in place of a choice by chance. */
  readonly biased?: boolean;
}

/** As {@link SelectOptions}, with what to give when all arms are disabled. */
export interface SelectElseOptions<E> extends SelectOptions {
  readonly else: E;
}

class Select<A, E> extends Combinator<Selected<A> | { key: "else"; value: E }> {
  private readonly options: SelectOptions | SelectElseOptions<E> | undefined;

  constructor(arms: Arms<A>, options: SelectOptions | SelectElseOptions<E> | undefined) {
    super("select");
    this.options = options;
    this.biased = options?.biased === true;
    // Not `Object.keys`: the array that it makes is a quarter of what a select of two costs.
    for (const key in arms) {
      const arm: Future<unknown> | Disabled = arms[key];
      if (arm !== false && arm !== null && arm !== undefined)
        this.add(requireFuture(arm, "select", key), key);
    }
  }

  protected override begin(): void {
    if (!this.biased && this.count > 1) this.rotate(randomBelow(this.count));
  }

  protected override get firstWins(): boolean {
    return true;
  }

  protected override decides(_child: Child): boolean {
    return true;
  }

  protected override outcome(): Selected<A> | { key: "else"; value: E } {
    const { winner, options } = this;
    // Each key is an arm's, with the value that this arm's future has given.
    if (winner !== null) return { key: winner.key, value: winner.value } as Selected<A>;
    if (options !== undefined && "else" in options) return { key: "else", value: options.else };
    throw new AllDisabledError();
  }
}

/**
 * Waits for the first of several futures, and says which one it was. The others are cancelled, and their cleanup has
 * ended when this returns; what fails first, fails the select.
 *
 * - An arm that is `false`, `null` or `undefined` is disabled. When all are, the option `else` is the value, with the
 *   key `"else"`.
 * - To look without waiting, put `ready()` last in a `biased` select.
 * - To keep a future for the next round of a loop, lend it: `{ timer: timer.ref() }`. A loan that is given up leaves it
 *   as it was.
 * - Of those that are ready at the first poll chance decides, or the order if `biased`; later the order of the wakes.
 *   `biased` goes by the order every time, and still polls every arm that was woken, however much budget those before
 *   it spend.
 *
 * **Cancel safety.** Cancels all arms at the same time and waits for their cleanup. If one has won already, its value is
 * lost; it is disposed of if it is `Disposable`. In a loop, what an arm loses when another one wins is what it loses by
 * a cancel: look at its own cancel safety.
 *
 * @param arms - futures by name
 * @returns `{ key, value }` of the arm that was first
 * @throws TypeError if an arm is neither a future nor disabled
 * @throws AllDisabledError if all arms are disabled and there is no `else`
 * @throws CleanupError if the cleanup of another arm failed; `winner` is the result, or `cause` the failure
 *
 * @example
 * ```ts
 * const main = co(function* () {
 *   const first = yield* select({ word: ready("hello"), late: sleep(60_000) });
 *   if (first.key === "word") console.log(first.value.length); // 5
 * });
 * await run(main());
 * ```
 */
export function select<A extends Arms<A>, E>(
  arms: A,
  options: SelectElseOptions<E>,
): Future<Selected<A> | { readonly key: "else"; readonly value: E }>;
export function select<A extends Arms<A>>(arms: A, options?: SelectOptions): Future<Selected<A>>;
export function select<A extends Arms<A>, E>(
  arms: A,
  options?: SelectOptions | SelectElseOptions<E>,
): Future<unknown> {
  if (typeof arms !== "object" || arms === null || Symbol.iterator in arms) {
    const advice = isFuture(arms) || Array.isArray(arms) ? "; for a list there is race" : "";
    throw new TypeError(`select needs a record of futures, not ${describe(arms)}${advice}`);
  }
  if (options !== undefined && "else" in options && "else" in arms) {
    throw new TypeError(
      'select cannot tell the option `else` from an arm that is called "else": rename the arm',
    );
  }
  return new Select<A, E>(arms, options);
}
