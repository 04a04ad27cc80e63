import { expect, test } from "vitest";
import { ready } from "../../support/context.ts";
import { SlowWriter, utf8 } from "../../support/io.ts";

test("write_all: writes until all is written", () => {
  const writer = new SlowWriter(4);
  ready(writer.writeAll(utf8("hello world")));
  expect(writer.data).toEqual([...utf8("hello world")]);
  expect(writer.writes).toBe(3);
});
