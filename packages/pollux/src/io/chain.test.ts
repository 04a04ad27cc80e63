import { expect, test } from "vitest";
import { cancelAtEveryPoll } from "../../test/support/cancel-at-every-poll.ts";
import { pending, ready, TestContext } from "../../test/support/context.ts";
import { StepReader, text, utf8 } from "../../test/support/io.ts";
import { co } from "../core/coroutine.ts";
import { FutureInUseError } from "../core/errors.ts";
import { Pending } from "../core/poll.ts";
import { run } from "../runtime/runtime.ts";
import { chain } from "./chain.ts";
import { Cursor } from "./cursor.ts";
import { duplex } from "./duplex-stream.ts";
import { take } from "./take.ts";

test("chain: does not come back to the first reader once that has ended", () => {
  const first = new StepReader("a", "", "never");
  expect(text(ready(chain(first, new StepReader("b", "c")).readToEnd()))).toBe("abc");
  expect(first.steps).toEqual(["never"]);
});

test("chain: a cancel ends the wait on the reader that is read from", async () => {
  await cancelAtEveryPoll(async (cancelAt) => {
    const [first, second] = [new StepReader(Pending), new StepReader(Pending, "a")];
    const both = chain(first, second);
    await run(
      co(function* () {
        const { cancelled } = yield* cancelAt(both.read(new Uint8Array(1)));
        expect(text(yield* both.readToEnd())).toBe(cancelled ? "a" : "");
      })(),
    );
    expect(first.cancels + second.cancels).toBeGreaterThan(0);
  });
});

test("chain: takes part in the read side of the reader whose turn it is", () => {
  const [a, toA] = duplex(8);
  const [b, toB] = duplex(8);
  const one = new Uint8Array(1);
  const both = chain(a, b);
  const all = both.readToEnd();
  const cx = pending(all);
  expect(() => ready(a.read(one))).toThrow(FutureInUseError);
  const early = b.read(one); // Not its turn yet.
  pending(early);
  early.cancel(new TestContext());
  ready(toA.writeAll(utf8("a")));
  toA.close();
  pending(all, cx);
  expect(ready(a.read(one))).toBe(0);
  expect(() => ready(b.read(one))).toThrow(FutureInUseError);
  expect(() => ready(chain(b, a).read(one))).toThrow(FutureInUseError);
  ready(toB.writeAll(utf8("b")));
  toB.close();
  expect(text(ready(all, cx))).toBe("ab");
  expect(ready(b.read(one))).toBe(0);
});

test("chain: takes no wake from a read of the second that waits when the first ends", () => {
  const [b, toB] = duplex(8);
  const read = b.read(new Uint8Array(1));
  const cx = pending(read);
  expect(() => ready(chain(new Cursor(utf8("")), b).readToEnd())).toThrow(FutureInUseError);
  ready(toB.writeAll(utf8("b")));
  expect(cx.wakes).toBe(1);
  expect(ready(read, cx)).toBe(1);
});

test("chain: a reader and its own first bytes are one side", () => {
  const [a, b] = duplex(8);
  const all = chain(take(a, 1), a).readToEnd();
  pending(all);
  ready(b.writeAll(utf8("ab")));
  b.close();
  expect(text(ready(all))).toBe("ab");
  expect(ready(a.read(new Uint8Array(1)))).toBe(0);
});

test("chain: closes both readers, also if the first fails to", () => {
  const second = new StepReader();
  const first = new StepReader();
  first.close = () => {
    throw new Error("cannot be closed");
  };
  expect(() => chain(first, second).close()).toThrow("cannot be closed");
  expect(second.closes).toBe(1);
});
