import { setImmediate as turn } from "node:timers/promises";
import { co, fromPromise, never } from "pollux";

/** Something that a request holds while it works, such as connections of a pool. */
export class Leases {
  taken = 0;
  returned = 0;

  /** Takes one, works on and on, and gives it back when it is cancelled, which takes time. */
  readonly workForEver = co(function* (this: Leases) {
    this.taken++;
    try {
      yield* never();
    } finally {
      yield* fromPromise(turn());
      this.returned++;
    }
  });
}
