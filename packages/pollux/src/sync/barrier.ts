import type { Context, Waker } from "../core/context.ts";
import { PollAfterCompletionError } from "../core/errors.ts";
import { Future } from "../core/future.ts";
import type { Inspection } from "../core/inspection.ts";
import { type Linked, LinkedList } from "../core/list.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { noteMaker } from "../task/origins.ts";
import { checkCount } from "./count.ts";
import type { SyncOptions } from "./options.ts";

/** What a {@link Barrier.wait} resolves to. */
export interface BarrierWaitResult {
  /** True for exactly one of those who pass together: the last to arrive. */
  readonly isLeader: boolean;
}

const leader: BarrierWaitResult = Object.freeze({ isLeader: true });
const follower: BarrierWaitResult = Object.freeze({ isLeader: false });

/**
 * Lets tasks go on once a given number of them has arrived. It can be used again and again: whoever arrives after that
 * belongs to the next generation.
 *
 * @example
 * ```ts
 * const barrier = new Barrier(2);
 * const worker = co(function* () {
 *   const { isLeader } = yield* barrier.wait();
 *   if (isLeader) console.log("all are there");
 * });
 * const main = co(function* () {
 *   const other = spawn(worker());
 *   yield* worker();
 *   yield* other;
 * });
 * await run(main());
 * ```
 */
export class Barrier {
  /** How many pass together. */
  readonly size: number;
  private readonly state: BarrierState;

  /**
   * @param size - how many pass together; 0 is as good as 1
   * @throws RangeError or TypeError if `size` is no integer from 0
   */
  constructor(size: number, options?: SyncOptions) {
    this.size = checkCount("size", size, 0, Number.MAX_SAFE_INTEGER);
    this.state = new BarrierState(size, options?.name);
  }

  get name(): string | undefined {
    return this.state.name;
  }

  /** How many have arrived and wait for the others. */
  get arrived(): number {
    return this.state.waiters.size;
  }

  /**
   * Arrives, and waits for the others.
   *
   * **Cancel safety.** A wait that is cancelled before the others came has not arrived: its place is free again. Cancelled
   * after that, it has arrived, and what is lost is the result: who the leader was.
   *
   * @example
   * ```ts
   * const barrier = new Barrier(1);
   * console.log(await run(barrier.wait())); // { isLeader: true }
   * ```
   */
  wait(): Future<BarrierWaitResult> {
    return new BarrierWait(this.state);
  }
}

/** Invariant: fewer than `size` wait. */
class BarrierState {
  readonly size: number;
  readonly name: string | undefined;
  readonly waiters: LinkedList<BarrierWait> = new LinkedList();

  constructor(size: number, name: string | undefined) {
    this.size = size;
    this.name = name;
    noteMaker(this);
  }

  /** One more has arrived; says whether it was the last. If so, the others are let go. */
  arrive(wait: BarrierWait): boolean {
    const waiters = this.waiters;
    if (waiters.size + 1 < this.size) {
      waiters.pushBack(wait);
      return false;
    }
    // Whoever arrives while wakers are called belongs to the next generation.
    const generation = waiters.takeAll();
    for (let other = generation.shift(); other !== null; other = generation.shift()) other.pass();
    return true;
  }
}

/** The life of a wait: `New`, `Waiting` (it stands in the queue), `Passed`; `Done` once it has told so. */
const New = 0;
const Waiting = 1;
const Passed = 2;
const Done = 3;

class BarrierWait extends Future<BarrierWaitResult> implements Linked<BarrierWait> {
  private readonly barrier: BarrierState;
  private state: number = New;
  private waker: Waker | null = null;
  before: BarrierWait | null = null;
  after: BarrierWait | null = null;
  list: LinkedList<BarrierWait> | null = null;

  constructor(barrier: BarrierState) {
    super();
    this.barrier = barrier;
  }

  override poll(cx: Context): Poll<BarrierWaitResult> {
    const state = this.state;
    if (state === Done) throw new PollAfterCompletionError("this wait at a barrier");
    if (!cx.takeBudget()) return Pending;
    if (state === Passed) {
      this.state = Done;
      return follower;
    }
    if (state === New) {
      this.state = Waiting;
      if (this.barrier.arrive(this)) {
        this.state = Done;
        return leader;
      }
    }
    cx.refundBudget();
    this.waker = cx.waker;
    return Pending;
  }

  override cancel(_cx: Context): Poll<void> {
    this.state = Done;
    this.waker = null;
    this.list?.remove(this);
  }

  override inspect(): Inspection {
    return {
      op: "wait at",
      target: { kind: "barrier", name: this.barrier.name, key: this.barrier },
      state: `${this.barrier.waiters.size} of ${this.barrier.size} have arrived`,
    };
  }

  /** The last one has arrived. */
  pass(): void {
    this.state = Passed;
    const waker = this.waker as Waker;
    this.waker = null;
    waker.wake();
  }
}
