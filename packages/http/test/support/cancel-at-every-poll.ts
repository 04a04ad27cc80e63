import { Cleanup, type Context, Future, Pending, type Poll } from "pollux";

/** Cancels a future in place of its `n`-th poll, 1 being before the first; gives whether it did. */
export class CancelAt extends Future<boolean> {
  private readonly future: Future<unknown>;
  private left: number;
  private cleanup: Cleanup | null;

  constructor(future: Future<unknown>, n: number) {
    super();
    this.future = future;
    this.left = n;
    this.cleanup = null;
  }

  override poll(cx: Context): Poll<boolean> {
    if (this.cleanup === null && --this.left > 0) {
      return this.future.poll(cx) === Pending ? Pending : false;
    }
    this.cleanup ??= new Cleanup(this.future, "cancelled at this poll", "the operation under test");
    return this.cleanup.poll(cx) === Pending ? Pending : true;
  }
}

/**
 * Runs an attempt again and again, in which `cancelAt` stands around an operation, which is cancelled before its first,
 * second, … poll; until it ends by itself. Gives how many polls that took.
 */
export async function cancelAtEveryPoll(
  attempt: (cancelAt: (operation: Future<unknown>) => Future<boolean>) => Promise<boolean>,
): Promise<number> {
  for (let n = 1; n < 1000; n++) {
    if (!(await attempt((operation) => new CancelAt(operation, n)))) return n;
  }
  throw new Error("the operation does not end");
}
