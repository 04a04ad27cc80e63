import { type Context, Future, Pending, type Poll } from "pollux";

/**
 * A leaf that has its value already, made anew for each use, as every call of a `recv` or `read` makes one. It keeps the
 * rules of leaf futures: a unit of the budget first.
 */
class Ready<T> extends Future<T> {
  private readonly value: T;

  constructor(value: T) {
    super();
    this.value = value;
  }

  override poll(cx: Context): Poll<T> {
    return cx.takeBudget() ? this.value : Pending;
  }
}

export function ready<T>(value: T): Future<T> {
  return new Ready(value);
}
