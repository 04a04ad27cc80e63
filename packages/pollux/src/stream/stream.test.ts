import { expect, test } from "vitest";
import { co, End, run, Stream } from "../index.ts";

test("Stream: next gives each value, then End, and End again", async () => {
  const main = co(function* () {
    const stream = Stream.from([1, undefined]);
    const given = [];
    for (let i = 0; i < 4; i++) given.push(yield* stream.next());
    return given;
  });
  expect(await run(main())).toEqual([1, undefined, End, End]);
});
