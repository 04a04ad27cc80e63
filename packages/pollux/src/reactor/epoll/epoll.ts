import { systemError } from "../system-error.ts";
import { EINTR, EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLL_CTL_MOD } from "./constants.ts";
import { Later } from "./later.ts";
import type { Native } from "./native.ts";

/** What is told of the events of a descriptor. Must not throw. */
export interface Registered {
  /** @param events - the bits that the kernel gave: `EPOLLIN` and its kin */
  onEvents(events: number): void;
}

/** Rounds of `epoll_wait` in one wake of Node's loop, so that the loop's other sources have their turn. */
const ROUNDS = 8;

/** Events that one round takes at the most. */
const EVENTS = 256;

/** Numbers that an event has: its bits, slot and generation. */
const PER_EVENT = 3;

/**
 * The epoll descriptor of a thread, and who is told of the events of what is registered with it. All runtimes of the thread
 * share it, as they share Node's loop; it lives as long as the thread.
 *
 * It is watched by Node's loop. A wake of that takes what events there are and tells those concerned, who wake their
 * tasks; when these have run, it looks again, up to {@link ROUNDS} times, since an answer on a fast connection is there by
 * then and the way through the loop would cost more than the call.
 *
 * Invariants:
 * - `slots[i]` is who is registered in slot `i`, and `null` while the slot is in `free`.
 * - an event is told only if its generation is that of its slot: a descriptor that was closed, and whose number was used
 *   again within the same batch of events, is another generation.
 */
export class Epoll {
  readonly native: Native;
  /** What is to be done after a while. */
  readonly later: Later = new Later();
  private readonly fd: number;
  private readonly slots: (Registered | null)[] = [];
  private readonly generations: number[] = [];
  private readonly free: number[] = [];
  private readonly bytes = new Uint8Array(EVENTS * PER_EVENT * 4);
  private readonly events = new Uint32Array(this.bytes.buffer);
  private readonly settled: Promise<void> = Promise.resolve();
  private rounds = 0;
  /** How many waits keep the process alive. */
  private holds = 0;

  /** @throws the system's error: `EMFILE`, `ENOMEM` */
  constructor(native: Native) {
    this.native = native;
    this.fd = native.epollCreate();
    if (this.fd < 0) throw systemError(this.fd, "epoll_create");
    const result = native.watch(this.fd, this.onReady);
    if (result < 0) {
      native.close(this.fd);
      throw systemError(result, "uv_poll_start");
    }
    native.keepAlive(0);
  }

  /**
   * Has `target` told of the events of a descriptor. They end with {@link leave}, before which it must not be closed.
   *
   * @param interest - bits of events, and `EPOLLET` or `EPOLLONESHOT`
   * @returns the slot
   * @throws the system's error: `EEXIST`, `EPERM` for a file, `ENOSPC`
   */
  register(fd: number, target: Registered, interest: number): number {
    const slot = this.free.pop() ?? this.slots.push(null) - 1;
    const generation = this.generations[slot] ?? 0;
    this.generations[slot] = generation;
    const result = this.native.epollControl(this.fd, EPOLL_CTL_ADD, fd, interest, slot, generation);
    if (result < 0) {
      this.free.push(slot);
      throw systemError(result, "epoll_ctl");
    }
    this.slots[slot] = target;
    return slot;
  }

  /** Another one is told from now on. */
  hand(slot: number, target: Registered): void {
    this.slots[slot] = target;
  }

  /** Nobody is told of the slot's events any more. The descriptor leaves the kernel's set when it is closed. */
  leave(slot: number): void {
    this.slots[slot] = null;
    this.generations[slot] = ((this.generations[slot] ?? 0) + 1) | 0;
    this.free.push(slot);
  }

  /**
   * Has the slot's descriptor tell of these events instead; one-shot, it is armed again.
   *
   * @throws the system's error
   */
  modify(slot: number, fd: number, interest: number): void {
    const generation = this.generations[slot] ?? 0;
    const result = this.native.epollControl(this.fd, EPOLL_CTL_MOD, fd, interest, slot, generation);
    if (result < 0) throw systemError(result, "epoll_ctl");
  }

  /** As {@link leave}, of a descriptor that stays open. One that was closed has left the kernel's set by itself. */
  unregister(slot: number, fd: number): void {
    this.native.epollControl(this.fd, EPOLL_CTL_DEL, fd, 0, 0, 0);
    this.leave(slot);
  }

  /** Keeps the process alive until {@link letGo} was called as often. */
  keepAlive(): void {
    if (this.holds++ === 0) this.native.keepAlive(1);
  }

  letGo(): void {
    if (--this.holds === 0) this.native.keepAlive(0);
  }

  /**
   * Waits up to `timeoutMs` for events, the thread standing still, and tells those concerned; -1 waits without end. A signal
   * ends the wait, too.
   */
  park(timeoutMs: number): void {
    this.take(timeoutMs);
  }

  private readonly onReady = (): void => {
    this.rounds = 0;
    this.round();
  };

  private readonly round = (): void => {
    if (this.take(0) > 0 && ++this.rounds < ROUNDS) this.settled.then(this.round);
  };

  /** Takes the events that there are, waiting up to `timeoutMs` for the first, and tells those concerned. */
  private take(timeoutMs: number): number {
    const count = this.native.epollWait(this.fd, this.bytes, timeoutMs);
    if (count < 0) {
      if (count === -EINTR) return 0;
      throw systemError(count, "epoll_wait");
    }
    const { events, slots, generations } = this;
    for (let i = 0; i < count * PER_EVENT; i += PER_EVENT) {
      const slot = events[i + 1] as number; // Within the array: the native layer has written `count` events.
      if ((generations[slot] as number) >>> 0 === events[i + 2]) slots[slot]?.onEvents(events[i] as number);
    }
    return count;
  }
}
