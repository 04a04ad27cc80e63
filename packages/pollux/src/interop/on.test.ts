import { EventEmitter, getEventListeners } from "node:events";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, expectTypeOf, test } from "vitest";
import { pending, ready as readyNow, TestContext } from "../../test/support/context.ts";
import { co } from "../core/coroutine.ts";
import { LaggedError } from "../core/errors.ts";
import { End } from "../core/stream-source.ts";
// Gives the default runtime.
import "../runtime/default.ts";
import { Runtime, run } from "../runtime/runtime.ts";
import type { Stream } from "../stream/stream.ts";
import { spawn } from "../task/spawn.ts";
import { on } from "./on.ts";
import { fromPromise } from "./promise.ts";

/** All listeners of an emitter. */
const listeners = (emitter: EventEmitter): number =>
  emitter.eventNames().reduce((sum, name) => sum + emitter.listenerCount(name), 0);

/** An emitter that counts how often it was held up. */
class Pausable extends EventEmitter {
  log: string[] = [];
  closed = false;

  pause(): void {
    this.log.push("pause");
  }

  resume(): void {
    if (this.closed) throw new Error("resumed after the close");
    this.log.push("resume");
  }
}

/** What a stream gives until its end, and what it throws, each once. */
const drain = (stream: Stream<unknown[]>): unknown[] => {
  const given: unknown[] = [];
  for (;;) {
    try {
      const args = readyNow(stream.next());
      given.push(args === End ? "end" : args[0]);
      if (args === End) return given;
    } catch (error) {
      given.push(error);
    }
  }
};

describe("on of an EventEmitter", () => {
  test("gives the arguments of each event in order, and keeps those that come meanwhile", () => {
    const emitter = new EventEmitter();
    const events = on<[number, string]>(emitter, "data");
    expectTypeOf(events).toEqualTypeOf<Stream<[number, string]>>();
    emitter.emit("data", 0);
    const next = events.next();
    const cx = pending(next);
    emitter.emit("data", 1, "a");
    emitter.emit("data", 2, "b");
    expect(cx.wakes).toBe(1);
    expect(readyNow(next, cx)).toEqual([1, "a"]);
    expect(readyNow(events.next(), cx)).toEqual([2, "b"]);
    pending(events.next(), cx);
  });

  test("with listenNow it misses none before the first poll", () => {
    const emitter = new EventEmitter();
    const events = on(emitter, "data", { listenNow: true, close: ["end"] });
    emitter.emit("data", 1);
    emitter.emit("end");
    expect(drain(events)).toEqual([1, "end"]);
  });

  test("an event of `close` ends it, after those that came before; the listeners are gone at once", () => {
    const emitter = new EventEmitter();
    const events = on(emitter, "data", { listenNow: true, close: ["end", "close"] });
    emitter.emit("data", 1);
    emitter.emit("close");
    expect(listeners(emitter)).toBe(0);
    emitter.emit("data", 2);
    expect(drain(events)).toEqual([1, "end"]);
    expect(readyNow(events.next())).toBe(End);
  });

  test("an error is thrown after the events before it, and ends it", () => {
    const emitter = new EventEmitter();
    const failure = new Error("failed");
    const events = on(emitter, "data", { listenNow: true });
    emitter.emit("data", 1);
    emitter.emit("error", failure);
    expect(listeners(emitter)).toBe(0);
    expect(drain(events)).toEqual([1, failure, "end"]);
  });

  test("an error wakes who waits", () => {
    const emitter = new EventEmitter();
    const next = on(emitter, "data").next();
    const cx = pending(next);
    emitter.emit("error", new Error("failed"));
    expect(cx.wakes).toBe(1);
    expect(() => next.poll(cx)).toThrow("failed");
  });

  test("errors themselves can be asked for", () => {
    const emitter = new EventEmitter();
    const events = on(emitter, "error", { listenNow: true, close: ["end"] });
    emitter.emit("error", 1);
    emitter.emit("error", 2);
    emitter.emit("end");
    expect(drain(events)).toEqual([1, 2, "end"]);
  });

  test("the signal ends it with its reason, after the events before it", () => {
    const emitter = new EventEmitter();
    const controller = new AbortController();
    const events = on(emitter, "data", { listenNow: true, signal: controller.signal });
    emitter.emit("data", 1);
    controller.abort("enough");
    expect([listeners(emitter), getEventListeners(controller.signal, "abort").length]).toEqual([0, 0]);
    expect(drain(events)).toEqual([1, "enough", "end"]);
    expect(drain(on(emitter, "data", { signal: AbortSignal.abort("before") }))).toEqual(["before", "end"]);
  });

  test("overflow error: what came before is given, then LaggedError, then the end", () => {
    const emitter = new EventEmitter();
    const events = on(emitter, "data", { listenNow: true, capacity: 2 });
    for (const n of [1, 2, 3, 4]) emitter.emit("data", n);
    expect(listeners(emitter)).toBe(0);
    expect(drain(events)).toEqual([1, 2, new LaggedError(1), "end"]);
  });

  test("overflow drop-oldest: the latest are kept", () => {
    const emitter = new EventEmitter();
    const events = on(emitter, "data", {
      listenNow: true,
      capacity: 2,
      overflow: "drop-oldest",
      close: ["end"],
    });
    for (const n of [1, 2, 3, 4]) emitter.emit("data", n);
    emitter.emit("end");
    expect(drain(events)).toEqual([3, 4, "end"]);
  });

  test("overflow pause: the emitter is paused when it is full, resumed when half empty, and nothing is lost", () => {
    const emitter = new Pausable();
    const events = on(emitter, "data", { listenNow: true, capacity: 4, overflow: "pause", close: ["end"] });
    for (const n of [1, 2, 3]) emitter.emit("data", n);
    expect(emitter.log).toEqual([]);
    for (const n of [4, 5]) emitter.emit("data", n);
    expect(emitter.log).toEqual(["pause"]);
    for (const n of [1, 2]) expect(readyNow(events.next())).toEqual([n]);
    expect(emitter.log).toEqual(["pause"]);
    expect(readyNow(events.next())).toEqual([3]);
    expect(emitter.log).toEqual(["pause", "resume"]);
    emitter.emit("end");
    expect(drain(events)).toEqual([4, 5, "end"]);
  });

  test("overflow pause: an emitter that has ended is not resumed", () => {
    for (const closes of ["event", "property"]) {
      const emitter = new Pausable();
      const events = on(emitter, "data", {
        listenNow: true,
        capacity: 1,
        overflow: "pause",
        close: closes === "event" ? ["close"] : [],
      });
      emitter.emit("data", 1);
      emitter.closed = true;
      emitter.emit("close");
      expect(readyNow(events.next())).toEqual([1]);
      expect(emitter.log).toEqual(["pause"]);
    }
  });

  test("a cancel leaves no listener, resumes what it had paused, and forgets the buffer", () => {
    const emitter = new Pausable();
    const { signal } = new AbortController();
    const events = on(emitter, "data", { capacity: 1, overflow: "pause", close: ["end"], signal });
    const cx = pending(events.next());
    expect(listeners(emitter)).toBe(3);
    emitter.emit("data", 1);
    events.cancel(cx);
    expect([listeners(emitter), getEventListeners(signal, "abort").length]).toEqual([0, 0]);
    expect(emitter.log).toEqual(["pause", "resume"]);
    const untouched = on(emitter, "data");
    untouched.cancel(cx);
    expect(listeners(emitter)).toBe(0);
  });

  test("to give up waiting wakes nobody, is outstanding no longer, and loses no event", () => {
    const emitter = new EventEmitter();
    const events = on<[number]>(emitter, "data");
    const cx = new TestContext(new Runtime({ clock: "paused" }).handle);
    cx.runtime.budget = 10;
    const given = events.next();
    pending(given, cx);
    given.cancel(cx);
    expect([cx.runtime.outstanding, listeners(emitter)]).toEqual([0, 2]);
    emitter.emit("data", 1);
    expect(cx.wakes).toBe(0);
    expect(readyNow(events.next(), cx)).toEqual([1]);
  });

  test("a coroutine that is cancelled in its loop leaves no listener", async () => {
    const emitter = new EventEmitter();
    const main = co(function* () {
      const task = spawn(on(emitter, "data").forEach(() => {}));
      yield* fromPromise(turn());
      expect(listeners(emitter)).toBe(2);
      task.abort();
      yield* fromPromise(Promise.resolve(task).catch(() => {}));
    });
    await run(main());
    expect(listeners(emitter)).toBe(0);
  });

  test("for await that is left early leaves no listener", async () => {
    const emitter = new EventEmitter();
    const events = on<[number]>(emitter, "data", { listenNow: true });
    emitter.emit("data", 1);
    for await (const [n] of events) {
      expect(n).toBe(1);
      break;
    }
    expect(listeners(emitter)).toBe(0);
  });

  test("takes a unit of the budget for each event, and is outstanding while it waits", () => {
    const emitter = new EventEmitter();
    const events = on(emitter, "data", { listenNow: true });
    const cx = new TestContext(new Runtime({ clock: "paused" }).handle);
    cx.runtime.budget = 1;
    const next = events.next();
    pending(next, cx);
    expect([cx.runtime.budget, cx.runtime.outstanding]).toEqual([1, 1]);
    emitter.emit("data", 1);
    expect(cx.runtime.outstanding).toBe(0);
    readyNow(next, cx);
    emitter.emit("data", 2);
    pending(events.next(), cx);
  });

  test("reads lines through readline, whose pause comes late, without losing one", async () => {
    const lines = Array.from({ length: 3000 }, (_, n) => `line ${n}`);
    const reader = createInterface({
      input: Readable.from([lines.slice(0, 2000).join("\n"), "\n", lines.slice(2000).join("\n")]),
    });
    const events = on<[string]>(reader, "line", {
      listenNow: true,
      capacity: 10,
      overflow: "pause",
      close: ["close"],
    });
    const main = events.map(([line]) => line).collect();
    expect(await run(main)).toEqual(lines);
    expect(reader.listenerCount("line")).toBe(0);
  });

  test("holds up a Readable that is read by its data event", async () => {
    let made = 0;
    const readable = new Readable({
      objectMode: true,
      highWaterMark: 1,
      read() {
        this.push(++made);
      },
    });
    const events = on<[number]>(readable, "data", { capacity: 4, overflow: "pause", close: ["end"] });
    const main = co(function* () {
      yield* events.next();
      for (let n = 0; n < 50; n++) yield* fromPromise(turn());
      expect(made).toBeLessThan(12);
      for (let n = 2; n <= 100; n++) expect(yield* events.next()).toEqual([n]);
      yield* events.close();
    });
    await run(main());
    readable.destroy();
  });
});

describe("on of an EventTarget", () => {
  test("gives the events, and leaves no listener", () => {
    const target = new EventTarget();
    const events = on(target, "tick", { listenNow: true, close: ["close"] });
    expectTypeOf(events).toEqualTypeOf<Stream<[Event]>>();
    const sent = [new Event("tick"), new Event("tick")];
    for (const event of sent) target.dispatchEvent(event);
    target.dispatchEvent(new Event("error"));
    target.dispatchEvent(new Event("close"));
    expect(getEventListeners(target, "tick").length + getEventListeners(target, "close").length).toBe(0);
    expect(drain(events)).toEqual([...sent, "end"]);
  });
});

test("on: takes what has events, a name, and options that make sense", () => {
  const wrong = on as (source: unknown, name: unknown, options?: unknown) => unknown;
  const emitter = new EventEmitter();
  expect(() => wrong(1, "data")).toThrow("on needs an EventEmitter or an EventTarget, not 1");
  expect(() => wrong(emitter, {})).toThrow("on needs the name of an event");
  expect(() => wrong(emitter, "data", { capacity: 0 })).toThrow(RangeError);
  expect(() => wrong(emitter, "data", { overflow: "drop" })).toThrow(
    'overflow must be "error", "drop-oldest" or "pause"',
  );
  expect(() => wrong(emitter, "data", { overflow: "pause" })).toThrow(
    "needs an emitter with the methods pause and resume",
  );
  expect(() => wrong(emitter, "data", { close: "end" })).toThrow("close must be an array");
  expect(() => wrong(emitter, "data", { signal: 1 })).toThrow("must be an AbortSignal");
});
