import { future } from "./compiled.ts";
import type { Context } from "./context.ts";
import { Future } from "./future.ts";
import { isObject } from "./iteration.ts";
import { Pending, type Poll } from "./poll.ts";

type Disposer = () => unknown;

/**
 * What the `using` declarations of a block hold, to be disposed of at its end, last first.
 *
 * @internal
 */
export class Resources {
  private readonly held: { readonly dispose: Disposer; readonly isAsync: boolean }[] = [];
  private failure: { error: unknown } | null = null;

  /** `using`. */
  add(value: unknown): unknown {
    if (value === null || value === undefined) return value;
    this.held.push({
      dispose: disposerOf(value, methodOf(value, Symbol.dispose), "Symbol.dispose"),
      isAsync: false,
    });
    return value;
  }

  /** `await using`. */
  addAsync(value: unknown): unknown {
    if (value === null || value === undefined) {
      this.held.push({ dispose: () => undefined, isAsync: true });
      return value;
    }
    const method = methodOf(value, Symbol.asyncDispose) ?? methodOf(value, Symbol.dispose);
    this.held.push({ dispose: disposerOf(value, method, "Symbol.asyncDispose"), isAsync: true });
    return value;
  }

  /** The block has ended by an error. */
  fail(error: unknown): void {
    this.failure = this.failure === null ? { error } : { error: suppressed(error, this.failure.error) };
  }

  /** Throws what the block or a disposal has failed with. */
  dispose(): void {
    for (let next = this.held.pop(); next !== undefined; next = this.held.pop()) {
      try {
        next.dispose();
      } catch (error) {
        this.fail(error);
      }
    }
    this.finish();
  }

  disposeAsync(): Future<void> {
    return new Disposing(this);
  }

  /** @internal */
  pop(): { readonly dispose: Disposer; readonly isAsync: boolean } | undefined {
    return this.held.pop();
  }

  /** @internal */
  finish(): void {
    const { failure } = this;
    this.failure = null;
    if (failure !== null) throw failure.error;
  }
}

class Disposing extends Future<void> {
  private readonly resources: Resources;
  private waiting: Future<unknown> | null = null;

  constructor(resources: Resources) {
    super();
    this.resources = resources;
  }

  override poll(cx: Context): Poll<void> {
    for (;;) {
      try {
        if (this.waiting !== null) {
          if (this.waiting.poll(cx) === Pending) return Pending;
          this.waiting = null;
        }
        const next = this.resources.pop();
        if (next === undefined) break;
        const result = next.dispose();
        if (next.isAsync) this.waiting = future(result);
      } catch (error) {
        this.waiting = null;
        this.resources.fail(error);
      }
    }
    this.resources.finish();
  }
}

function methodOf(value: unknown, key: symbol): unknown {
  if (!isObject(value)) throw new TypeError("what `using` is given is neither an object nor null");
  return value[key] ?? undefined;
}

function disposerOf(value: unknown, method: unknown, name: string): Disposer {
  if (typeof method !== "function") throw new TypeError(`what \`using\` is given has no method ${name}`);
  return () => Reflect.apply(method, value, []);
}

/** As the language's `SuppressedError`, which Node 20 does not have. */
function suppressed(error: unknown, before: unknown): unknown {
  const name = "SuppressedError";
  const made = new Error("An error was suppressed during disposal.");
  Object.defineProperty(made, "name", { value: name, configurable: true, writable: true });
  return Object.assign(made, { error, suppressed: before });
}
