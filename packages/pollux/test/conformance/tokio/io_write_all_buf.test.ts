import { expect, test } from "vitest";
import { ready } from "../../support/context.ts";
import { SlowWriter, StepWriter, utf8 } from "../../support/io.ts";

test("write_all_buf: writes all of several buffers, one after the other", () => {
  const writer = new SlowWriter(4);
  ready(writer.writeAllVectored([utf8("hello"), utf8("world")]));
  expect(writer.data).toEqual([...utf8("helloworld")]);
  expect(writer.writes).toBe(4);
});

test("write_buf_err: ends with the first write that fails", () => {
  const error = new Error("whoops");
  const writer = new StepWriter("hell", error, "o");
  expect(() => ready(writer.writeAllVectored([utf8("hello"), utf8("world")]))).toThrow(error);
  expect(writer.steps).toEqual(["o"]);
});

test("write_all_buf_vectored: writes them at once where the writer can", () => {
  const writer = new SlowWriter(100, true);
  ready(writer.writeAllVectored([utf8("hello"), utf8(" "), utf8("world")]));
  expect(writer.data).toEqual([...utf8("hello world")]);
  expect(writer.writes).toBe(1);
});
