import { type AnyNode, allNames, b, type Expression, type Identifier } from "./ast.ts";

/** New names for one module, and what its compiled coroutines import from the runtime. */
export class Names {
  private readonly taken: Set<string>;
  private readonly module: Names;
  /** The names that the module gives to what it imports, by the runtime's. */
  readonly imports: Map<string, string> = new Map();
  /** What the module calls its own constant for `Pending`, once it is needed. */
  pendingName: string | null = null;

  /** @param taken - what a new name must not be */
  constructor(taken: Iterable<string>, module?: Names) {
    this.taken = new Set(taken);
    this.module = module ?? this;
  }

  /**
   * New names for one coroutine: others may have the same.
   *
   * @param isWritten - whether it is as in the source, whose names are taken anyway
   */
  within(coroutine: AnyNode, isWritten: boolean): Names {
    return new Names(isWritten ? [] : allNames(coroutine), this);
  }

  /** A name that nothing in the module has: `base` if that is free. */
  fresh(base: string): string {
    let name = base;
    for (let n = 1; this.isTaken(name); n++) name = `${base}$${n}`;
    this.taken.add(name);
    return name;
  }

  private isTaken(name: string): boolean {
    return this.taken.has(name) || (this.module !== this && this.module.isTaken(name));
  }

  /** Something of `pollux/compiler-runtime`. */
  runtime(name: string): Identifier {
    const { imports } = this.module;
    let local = imports.get(name);
    if (local === undefined) {
      local = this.module.fresh(name);
      imports.set(name, local);
    }
    this.taken.add(local);
    return b.id(local);
  }

  /** `Pending`, by a constant of the module: V8 folds it into optimised code, while it would load an import at each use. */
  pending(): Identifier {
    const { module } = this;
    module.runtime("Pending");
    module.pendingName ??= module.fresh("PENDING");
    this.taken.add(module.pendingName);
    return b.id(module.pendingName);
  }

  /** Whether a name is one that {@link runtime} gave: it never means anything else. */
  isRuntime(name: string): boolean {
    for (const local of this.module.imports.values()) if (local === name) return true;
    return false;
  }

  /** A call of a function of the runtime's. */
  callRuntime(name: string, ...args: Expression[]): Expression {
    return b.call(this.runtime(name), ...args);
  }
}
