import { expect, test } from "vitest";
import { cancelAtEveryPoll } from "../../test/support/cancel-at-every-poll.ts";
import { ready } from "../../test/support/context.ts";
import { StepReader, text } from "../../test/support/io.ts";
import { co } from "../core/coroutine.ts";
import { Pending } from "../core/poll.ts";
import { run } from "../runtime/runtime.ts";
import { chain } from "./chain.ts";

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

test("chain: closes both readers, also if the first fails to", () => {
  const second = new StepReader();
  const first = new StepReader();
  first.close = () => {
    throw new Error("cannot be closed");
  };
  expect(() => chain(first, second).close()).toThrow("cannot be closed");
  expect(second.closes).toBe(1);
});
