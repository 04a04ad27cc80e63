import { expect, test } from "vitest";
import { pending, TestContext } from "../../test/support/context.ts";
import { PollAfterCompletionError } from "../core/errors.ts";
import { never } from "./never.ts";

test("never: stays pending, wakes nobody, and ends with a cancel", () => {
  const future = never();
  const cx = new TestContext();
  pending(future, cx);
  pending(future, cx);
  expect(cx.wakes).toBe(0);
  future.cancel(cx);
  expect(() => future.poll(cx)).toThrow(PollAfterCompletionError);
});
