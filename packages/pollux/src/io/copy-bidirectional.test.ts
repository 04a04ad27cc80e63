import { expect, test } from "vitest";
import { cancelAtEveryPoll } from "../../test/support/cancel-at-every-poll.ts";
import { pending, ready } from "../../test/support/context.ts";
import { text, utf8 } from "../../test/support/io.ts";
import { join } from "../combine/join.ts";
import { co } from "../core/coroutine.ts";
import { FutureInUseError, PollAfterCompletionError } from "../core/errors.ts";
import { run } from "../runtime/runtime.ts";
import { spawn } from "../task/spawn.ts";
import { yieldNow } from "../task/yield-now.ts";
import { copyBidirectional } from "./copy-bidirectional.ts";
import { duplexOf } from "./duplex-of.ts";
import { duplex } from "./duplex-stream.ts";
import { mock } from "./mock.ts";
import { repeat } from "./repeat.ts";
import { sink } from "./sink.ts";

test("copyBidirectional: copies both ways, and hands each end on", () =>
  run(
    co(function* () {
      const [client, front] = duplex(3);
      const [back, server] = duplex(3);
      const proxy = spawn(copyBidirectional(front, back, { bufferSize: 2 }));
      const answer = co(function* () {
        const asked = text(yield* server.readToEnd());
        yield* server.writeAll(utf8(`answer to ${asked}`));
        yield* server.shutdown();
      });
      const ask = co(function* () {
        yield* client.writeAll(utf8("a question"));
        yield* client.shutdown();
        return text(yield* client.readToEnd());
      });
      expect(yield* join(ask(), answer())).toEqual(["answer to a question", undefined]);
      expect(yield* proxy).toEqual([10, 20]);
      // Neither was closed.
      expect(yield* front.read(new Uint8Array(1))).toBe(0);
    })(),
  ));

test("copyBidirectional: a direction that never pauses does not hold up the other one", () => {
  const [a, b] = [duplexOf(repeat(1), sink()), duplexOf(repeat(2), sink())];
  return run(
    co(function* () {
      const copying = copyBidirectional(a, b);
      const task = spawn(copying).observed();
      for (let turn = 0; turn < 10; turn++) yield* yieldNow();
      expect(copying.aToB.copied).toBeGreaterThan(100_000);
      expect(copying.bToA.copied).toBeGreaterThan(100_000);
      task.abort();
    })(),
  );
});

test("copyBidirectional: what a cancel cuts off is known in both directions", async () => {
  const polls = await cancelAtEveryPoll(async (cancelAt) => {
    const [client, front] = duplex(8);
    const [back, server] = duplex(2);
    const copying = copyBidirectional(front, back, { bufferSize: 4 });
    await run(
      co(function* () {
        yield* client.writeAll(utf8("request"));
        yield* client.shutdown();
        const reading = spawn(
          co(function* () {
            // Reads slowly, and so lets the proxy wait.
            const buf = new Uint8Array(1);
            let read = "";
            while ((yield* server.read(buf)) > 0) read += text(buf);
            server.close();
            return read;
          })(),
        );
        yield* cancelAt(copying);
        // The rest, if any, by hand.
        const { unwritten } = copying.aToB;
        const rest = yield* front.readToEnd();
        if (unwritten.length + rest.length > 0) yield* back.writeAllVectored([unwritten, rest]);
        yield* back.shutdown();
        expect(yield* reading).toBe("request");
      })(),
    );
  });
  expect(polls).toBeGreaterThan(2);
});

test("copyBidirectional: a failure ends it, and frees both streams", () => {
  const failure = new Error("reset");
  const broken = mock({ readError: failure }, { write: "after all" });
  const [a, b] = duplex(8);
  const copying = copyBidirectional(a, broken);
  expect(() => ready(copying)).toThrow(failure);
  expect(() => ready(copying)).toThrow(PollAfterCompletionError);
  ready(broken.writeAll(utf8("after all")));
  ready(a.writeAll(utf8("x")));
  b.close();
});

test("copyBidirectional: has all four sides to itself", () => {
  const [a] = duplex(8);
  const [b] = duplex(8);
  const copying = copyBidirectional(a, b);
  pending(copying);
  for (const stream of [a, b]) {
    expect(() => ready(stream.read(new Uint8Array(1)))).toThrow(FutureInUseError);
    expect(() => ready(stream.flush())).toThrow(FutureInUseError);
  }
  copying.cancel();
  ready(a.writeAll(utf8("x")));
});

test("copyBidirectional: refuses a buffer that has no size", () => {
  const [a, b] = duplex(8);
  expect(() => copyBidirectional(a, b, { bufferSize: -1 })).toThrow(RangeError);
});
