import type { Context } from "../core/context.ts";
import { describe, LaggedError } from "../core/errors.ts";
import type { Inspection } from "../core/inspection.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { End, type StreamSource } from "../core/stream-source.ts";
import { KEEPS_NOTHING_ALIVE } from "../node/keeps-nothing-alive.ts";
import { Waiting } from "../reactor/waiting.ts";
import { Stream } from "../stream/stream.ts";
import { checkCount } from "../sync/count.ts";
import { RingBuffer } from "../sync/ring-buffer.ts";
import {
  checkEvents,
  checkSignal,
  type EmitterLike,
  type EventTargetLike,
  Listeners,
} from "./event-source.ts";
import type { EventOptions } from "./once.ts";

/**
 * What happens to an event that finds the buffer full:
 *
 * - `"error"`: it is lost, and with it what comes after. When the events before it have been given, `LaggedError` is thrown,
 *   and the stream ends.
 * - `"drop-oldest"`: the oldest event in the buffer is lost.
 * - `"pause"`: none is lost. The emitter's `pause()` is called when the buffer is full, and its `resume()` when it is half
 *   empty. What it emits in spite of that is kept: an emitter that goes on with what it has at hand fills it beyond the
 *   capacity.
 */
export type Overflow = "error" | "drop-oldest" | "pause";

/** How {@link on} listens, and what ends it. */
export interface OnOptions extends EventOptions {
  /** How many events are kept until they are asked for. Default 1,024. */
  readonly capacity?: number;
  /** What happens to an event for which there is no room. Default `"error"`. */
  readonly overflow?: Overflow;
  /** Events that end the stream, such as `"close"`: what came before them is given first. */
  readonly close?: readonly (string | symbol)[];
}

/** An emitter that can be held up. */
interface Pausable {
  pause(): unknown;
  resume(): unknown;
  readonly closed?: unknown;
  readonly destroyed?: unknown;
}

const POLICIES: ReadonlySet<unknown> = new Set<Overflow>(["error", "drop-oldest", "pause"]);

/** `ended` is set when nothing more comes: then no listener is left, and what is in the buffer is given first. */
class Events implements StreamSource<unknown[]> {
  private readonly name: string | symbol;
  private readonly listeners: Listeners;
  private readonly aborts: Listeners | null;
  private readonly signal: AbortSignal | null;
  private readonly capacity: number;
  private readonly overflow: Overflow;
  private readonly closeNames: readonly (string | symbol)[];
  private readonly emitter: Pausable | null;
  private readonly buffer: RingBuffer<unknown[]>;
  private readonly waiting: Waiting;
  private isListening: boolean;
  private isPaused: boolean;
  private ended: { readonly error?: unknown } | null;

  constructor(source: EmitterLike | EventTargetLike, name: string | symbol, options: OnOptions) {
    this.name = name;
    this.signal = checkSignal("on", options.signal);
    this.listeners = new Listeners(source);
    this.aborts = this.signal === null ? null : new Listeners(this.signal);
    this.capacity = checkCount("capacity", options.capacity ?? 1024, 1, 2 ** 31 - 1);
    this.overflow = options.overflow ?? "error";
    this.closeNames = options.close ?? [];
    this.emitter = this.overflow === "pause" ? requirePausable(source) : null;
    this.buffer = new RingBuffer();
    this.waiting = new Waiting(KEEPS_NOTHING_ALIVE);
    this.isListening = false;
    this.isPaused = false;
    this.ended = null;
  }

  listen(): void {
    if (this.isListening) return;
    this.isListening = true;
    const { listeners, signal } = this;
    if (signal?.aborted === true) {
      this.end({ error: signal.reason });
      return;
    }
    this.aborts?.add("abort", () => this.end({ error: signal?.reason }));
    listeners.add(this.name, (...args) => this.keep(args));
    if (this.name !== "error" && !listeners.isTarget) listeners.add("error", (error) => this.end({ error }));
    for (const name of this.closeNames) listeners.add(name, () => this.end({}));
  }

  private keep(args: unknown[]): void {
    const { buffer, capacity } = this;
    if (buffer.size >= capacity && this.overflow !== "pause") {
      if (this.overflow === "error") {
        this.end({ error: new LaggedError(1) });
        return;
      }
      buffer.shift();
    }
    buffer.push(args);
    if (this.emitter !== null && !this.isPaused && buffer.size >= capacity) {
      this.isPaused = true;
      this.emitter.pause();
    }
    this.waiting.wake();
  }

  /** The first end counts. */
  private end(how: { readonly error?: unknown }): void {
    if (this.ended !== null) return;
    this.ended = how;
    this.leave();
    this.waiting.wake();
  }

  private leave(): void {
    this.listeners.clear();
    this.aborts?.clear();
  }

  pollNext(cx: Context): Poll<unknown[] | End> {
    if (!cx.takeBudget()) return Pending;
    this.listen();
    const { buffer, ended } = this;
    if (buffer.size > 0) {
      const args = buffer.shift();
      if (this.isPaused && buffer.size <= this.capacity >> 1) this.resume();
      return args;
    }
    if (ended === null) {
      cx.refundBudget();
      this.waiting.begin(cx);
      return Pending;
    }
    this.ended = {};
    if ("error" in ended) throw ended.error;
    return End;
  }

  /** An emitter that has ended is left as it is: some throw then. */
  private resume(): void {
    const { emitter } = this;
    this.isPaused = false;
    if (this.ended === null && emitter?.closed !== true && emitter?.destroyed !== true) emitter?.resume();
  }

  cancelNext(): void {
    this.waiting.end();
  }

  cancel(): Poll<void> {
    this.leave();
    this.waiting.end();
    while (this.buffer.size > 0) this.buffer.shift();
    if (this.isPaused) this.resume();
    this.isListening = true;
    this.ended ??= {};
  }

  inspectNext(): Inspection {
    return { op: `event ${JSON.stringify(String(this.name))}` };
  }
}

function requirePausable(source: unknown): Pausable {
  const { pause, resume } = source as Partial<Pausable>;
  if (typeof pause !== "function" || typeof resume !== "function")
    throw new TypeError(
      'overflow "pause" needs an emitter with the methods pause and resume: choose another policy',
    );
  return source as Pausable;
}

/**
 * The events of one name as a stream: of each its arguments, as an array; of an `EventTarget`, the event is the only one.
 * Takes anything with the methods of an `EventEmitter` or of an `EventTarget`. It listens from the first poll on until it
 * ends or is given up: no listener stays behind.
 *
 * Events do not wait for who consumes them, so those that come meanwhile are kept, as many as `capacity` says; `overflow`
 * says what happens then. An `"error"` that an emitter emits is thrown, after the events before it, and ends the stream. So
 * does the signal, with its reason, and an event of `close` without a failure.
 *
 * **Cancel safety.** To give up waiting loses nothing. What is in the buffer is lost with the stream. An emitter that it has
 * paused is resumed.
 *
 * @throws TypeError, RangeError if it is given nothing that has events, no name, or options that make no sense
 * @throws LaggedError (the stream) after an overflow
 *
 * @example
 * ```ts
 * const target = new EventTarget();
 * const main = co(function* () {
 *   const clicks = on(target, "click", { listenNow: true, close: ["close"] });
 *   for (const name of ["click", "click", "close"]) target.dispatchEvent(new Event(name));
 *   console.log(yield* clicks.count()); // 2
 * });
 * await run(main());
 * ```
 */
export function on<A extends unknown[] = unknown[]>(
  emitter: EmitterLike,
  name: string | symbol,
  options?: OnOptions,
): Stream<A>;
export function on<E = Event>(target: EventTargetLike, name: string, options?: OnOptions): Stream<[E]>;
export function on(
  source: EmitterLike | EventTargetLike,
  name: string | symbol,
  options: OnOptions = {},
): Stream<unknown[]> {
  checkEvents("on", source, name);
  const { overflow, close } = options;
  if (overflow !== undefined && !POLICIES.has(overflow))
    throw new TypeError(`overflow must be "error", "drop-oldest" or "pause", not ${describe(overflow)}`);
  if (close !== undefined && !Array.isArray(close))
    throw new TypeError(`close must be an array of the names of events, not ${describe(close)}`);
  const events = new Events(source, name, options);
  if (options.listenNow === true) events.listen();
  return new Stream(events);
}
