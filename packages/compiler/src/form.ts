import { b, type Expression, type Identifier } from "./ast.ts";
import type { Machine } from "./builder.ts";
import type { Names } from "./names.ts";

/** The coroutine of a module that a call is known to call: the function that has its code. */
export interface Known {
  readonly run: string;
  readonly params: number;
  /** Set where the call stands before the declaration: it may come too early. */
  readonly check: boolean;
}

/**
 * What differs between `co(async …)`, `co(function* …)` and `co(async function* …)`, a stream: what is awaited or yielded,
 * and what a `return` does.
 */
export class Form {
  readonly kind: "async" | "generator" | "stream";
  private readonly names: Names;
  private readonly machine: Machine;
  private readonly known: (callee: Identifier) => Known | undefined;
  private readonly coroutine: string;

  /** @param coroutine - its name, for errors */
  constructor(
    kind: "async" | "generator" | "stream",
    names: Names,
    machine: Machine,
    known: (callee: Identifier) => Known | undefined,
    coroutine: string,
  ) {
    this.kind = kind;
    this.names = names;
    this.machine = machine;
    this.known = known;
    this.coroutine = coroutine;
  }

  /** Polls what is awaited. */
  await(operand: Expression): Expression {
    return this.direct(operand) ?? this.poll(this.names.callRuntime("future", operand));
  }

  /**
   * Polls what `yield*` is given; a `yield` without the star is a mistake, and throws. That of a stream gives a value, and
   * waits until the next one is wanted.
   */
  yield(operand: Expression, delegate: boolean): { expression: Expression; suspends: boolean } {
    if (this.kind === "stream") {
      const given = b.call(b.member(b.id(this.machine.frame), delegate ? "giveAll" : "give"), operand);
      return { expression: this.poll(given), suspends: true };
    }
    if (!delegate) {
      const expression = this.names.callRuntime("badYield", b.literal(this.coroutine), operand);
      return { expression, suspends: false };
    }
    const poll = this.direct(operand) ?? this.poll(this.names.callRuntime("delegate", operand));
    return { expression: poll, suspends: true };
  }

  private poll(future: Expression): Expression {
    return b.call(b.member(future, "awaitIn"), b.id(this.machine.cx));
  }

  /** A call of a coroutine of this module: its code is run here and now, and it makes a frame only if it has to wait. */
  private direct(operand: Expression): Expression | null {
    if (operand.type !== "CallExpression" || operand.optional || operand.callee.type !== "Identifier")
      return null;
    const known = this.known(operand.callee);
    if (known === undefined || operand.arguments.some((each) => each.type === "SpreadElement")) return null;
    const call = b.call(b.id(known.run), b.id(this.machine.cx), b.literal(null), ...operand.arguments);
    return known.check ? b.sequence([operand.callee, call]) : call;
  }
}
