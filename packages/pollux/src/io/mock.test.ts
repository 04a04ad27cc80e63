import { describe, expect, test } from "vitest";
import { cancelAtEveryPoll } from "../../test/support/cancel-at-every-poll.ts";
import { pending, ready } from "../../test/support/context.ts";
import { text, utf8 } from "../../test/support/io.ts";
import { join } from "../combine/join.ts";
import { co } from "../core/coroutine.ts";
import { ClosedError, ScriptError } from "../core/errors.ts";
import { Runtime, run } from "../runtime/runtime.ts";
import { now } from "../time/clock.ts";
import { mock } from "./mock.ts";

describe("mock", () => {
  test("gives and expects bytes in the order of its script, in as many pieces as they come", () =>
    run(
      co(function* () {
        const stream = mock({ write: "ping" }, { read: "pong" }, { write: "bye" });
        yield* stream.writeAll(utf8("pi"));
        yield* stream.writeAll(utf8("ng"));
        const buf = new Uint8Array(3);
        yield* stream.readExact(buf);
        expect(text(buf)).toBe("pon");
        const [rest] = yield* join(stream.readToString(), stream.writeAll(utf8("bye")));
        expect(rest).toBe("g");
        expect(stream.isDone).toBe(true);
        stream.close();
      })(),
    ));

  test("whose turn it is not waits for it", () => {
    const stream = mock({ read: "a" }, { write: "b" }, { read: "c" });
    const buf = new Uint8Array(1);
    const write = stream.writeAll(utf8("b"));
    const writer = pending(write);
    ready(stream.readExact(buf));
    expect(writer.wakes).toBe(1);
    const read = stream.readExact(buf);
    const reader = pending(read);
    ready(write);
    expect(reader.wakes).toBe(1);
    ready(read);
    expect(text(buf)).toBe("c");
  });

  test("waits by the clock, from when its turn has come, and tells whoever waits with it", async () => {
    const runtime = new Runtime({ clock: "paused" });
    const main = co(function* () {
      const stream = mock({ read: "a" }, { wait: 100 }, { write: "b" }, { wait: 50 }, { read: "c" });
      const start = now();
      const buf = new Uint8Array(1);
      yield* stream.readExact(buf);
      yield* join(stream.writeAll(utf8("b")), stream.readExact(buf));
      expect(now() - start).toBe(150);
      expect(text(buf)).toBe("c");
      stream.close();
    });
    await runtime.run(main());
  });

  test("fails as it is told to, and goes on", () => {
    const [reading, writing] = [new Error("read"), new Error("write")];
    const stream = mock({ readError: reading }, { writeError: writing }, { read: "a" });
    expect(() => ready(stream.readToEnd())).toThrow(reading);
    expect(() => ready(stream.write(utf8("x")))).toThrow(writing);
    expect(text(ready(stream.readToEnd()))).toBe("a");
  });

  test("what is written and not in the script is an error, and the end of it", () => {
    const stream = mock({ write: "abc" }, { read: "d" });
    expect(() => ready(stream.writeAll(utf8("abX")))).toThrow(
      new ScriptError('expected "abc" to be written, and not "abX"'),
    );
    expect(() => ready(stream.readToEnd())).toThrow(ScriptError);
    // It has been said already.
    stream.close();
    const over = mock();
    expect(ready(over.readToEnd())).toHaveLength(0);
    expect(() => ready(over.writeAll(Uint8Array.of(104, 105, 0)))).toThrow(
      /these bytes are written: "hi\\x00"/,
    );
  });

  test("a script that was not gone through is an error at the close, once", () => {
    const stream = mock({ read: "left" }, { wait: 5 });
    expect(() => stream.close()).toThrow(
      /closed with 2 steps to go, of which the first is \{ read: "left" \}/,
    );
    stream.close();
    expect(() => ready(stream.readToEnd())).toThrow(ClosedError);
  });

  test("after a shutdown it takes nothing more", () => {
    const stream = mock({ write: "a" });
    ready(stream.shutdown());
    expect(() => ready(stream.write(utf8("a")))).toThrow(ClosedError);
  });

  test("steps of nothing are none", () => {
    mock({ read: "" }, { write: new Uint8Array(0) }, { wait: 0 }).close();
  });

  test("what is cancelled while it waits leaves the script as it was", async () => {
    const polls = await cancelAtEveryPoll(async (cancelAt) => {
      const stream = mock({ wait: 10 }, { read: "ab" });
      const main = co(function* () {
        const buf = new Uint8Array(2);
        const { cancelled } = yield* cancelAt(stream.read(buf));
        expect(yield* stream.readToString()).toBe(cancelled ? "ab" : "");
        stream.close();
      });
      await new Runtime({ clock: "paused" }).run(main());
    });
    expect(polls).toBe(2);
  });

  test("refuses steps that make no sense", () => {
    expect(() => mock({} as never)).toThrow(TypeError);
    expect(() => mock("read" as never)).toThrow(TypeError);
    expect(() => mock({ read: 5 as never })).toThrow(TypeError);
    expect(() => mock({ wait: -1 })).toThrow(RangeError);
  });
});
