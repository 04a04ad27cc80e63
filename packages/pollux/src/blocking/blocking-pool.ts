import { availableParallelism } from "node:os";
import type { BlockingLimits, BlockingSlot, RuntimeHandle } from "../core/context.ts";
import { ClosedError } from "../core/errors.ts";
import { LinkedList } from "../core/list.ts";
import type { BlockingCall } from "./blocking-call.ts";
import { BlockingThread, type ThreadOwner } from "./blocking-thread.ts";

/** The longest that a host timer takes: about 24.8 days. A thread that is kept for longer is kept for ever. */
const LONGEST = 0x7fffffff;

/**
 * The threads of a runtime, and the calls that wait for one, first come, first served.
 *
 * Calls that block in the system and calls that compute share it: so there are more threads than cores by default, but
 * not hundreds as elsewhere, since each is an engine of its own with some MB of memory.
 *
 * Invariants:
 * - a call waits in `waiting` only while no thread is idle and there are as many threads as may be;
 * - `idle` has the threads without a call, the one that worked last at the end. It gets the next call, and the others
 *   come to the end of their time;
 * - `busy` has those with a call. The rest of `all` is about to end.
 */
export class BlockingPool implements BlockingSlot, ThreadOwner {
  readonly maxThreads: number;
  private readonly keepAlive: number;
  private readonly execArgv: readonly string[] | undefined;
  private readonly all: Set<BlockingThread> = new Set();
  private readonly idle: Map<BlockingThread, NodeJS.Timeout | null> = new Map();
  private readonly busy: Set<BlockingThread> = new Set();
  private readonly waiting: LinkedList<BlockingCall<unknown>> = new LinkedList();
  private made = 0;
  private closed = false;

  constructor({ maxThreads = Math.max(4, 2 * availableParallelism()), keepAlive, execArgv }: BlockingLimits) {
    this.maxThreads = maxThreads;
    this.execArgv = execArgv;
    this.keepAlive = keepAlive;
  }

  get threads(): number {
    return this.all.size;
  }

  get running(): number {
    return this.busy.size;
  }

  get queued(): number {
    return this.waiting.size;
  }

  /** Begins a call, or has it wait. One that cannot begin is settled with the reason, before this returns. */
  submit(call: BlockingCall<unknown>): void {
    this.waiting.pushBack(call);
    this.serve();
  }

  /** Takes a call out that has not begun. */
  withdraw(call: BlockingCall<unknown>): void {
    this.waiting.remove(call);
  }

  /** Begins as many of the calls that wait as there are threads for. */
  private serve(): void {
    while (
      !this.closed &&
      this.waiting.first !== null &&
      (this.idle.size > 0 || this.all.size < this.maxThreads)
    ) {
      const call = this.waiting.first;
      this.waiting.remove(call);
      try {
        const thread = this.takeIdle() ?? this.make();
        try {
          thread.begin(call);
        } catch (error) {
          this.keep(thread);
          throw error;
        }
        this.busy.add(thread);
        call.begun(thread);
      } catch (error) {
        call.settle({ kind: "failure", error });
      }
    }
  }

  private takeIdle(): BlockingThread | undefined {
    const thread = [...this.idle.keys()].at(-1);
    if (thread === undefined) return undefined;
    clearTimeout(this.idle.get(thread) ?? undefined);
    this.idle.delete(thread);
    return thread;
  }

  private make(): BlockingThread {
    const thread = new BlockingThread(++this.made, this, this.execArgv);
    this.all.add(thread);
    return thread;
  }

  private keep(thread: BlockingThread): void {
    const end = (): void => {
      this.idle.delete(thread);
      void thread.end();
    };
    this.idle.set(thread, this.keepAlive > LONGEST ? null : setTimeout(end, this.keepAlive).unref());
  }

  onIdle(thread: BlockingThread): void {
    this.busy.delete(thread);
    if (this.closed || thread.ending) return;
    this.keep(thread);
    this.serve();
  }

  onExit(thread: BlockingThread): void {
    this.all.delete(thread);
    this.busy.delete(thread);
    clearTimeout(this.idle.get(thread) ?? undefined);
    this.idle.delete(thread);
    this.serve();
  }

  async close(graceMs: number): Promise<boolean> {
    this.closed = true;
    for (let call = this.waiting.shift(); call !== null; call = this.waiting.shift())
      call.settle({ kind: "failure", error: new ClosedError("the pool of blocking threads") });
    const ended = Promise.all([...this.all].map((thread) => thread.end())).then(() => true);
    if (graceMs > LONGEST) return ended;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<boolean>((resolve) => {
      timer = setTimeout(resolve, graceMs, false);
    });
    const inTime = await Promise.race([ended, late]);
    clearTimeout(timer);
    return inTime;
  }
}

/** The runtime's pool, made with its first call: a program that has none carries no pool. */
export function poolOf(runtime: RuntimeHandle): BlockingPool {
  runtime.blocking ??= new BlockingPool(runtime.blockingLimits);
  // Nobody but this function fills the slot.
  return runtime.blocking as BlockingPool;
}
