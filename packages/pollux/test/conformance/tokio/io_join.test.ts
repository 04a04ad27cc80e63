import { expect, test } from "vitest";
import { duplexOf } from "../../../src/io/duplex-of.ts";
import { repeat } from "../../../src/io/repeat.ts";
import { ready } from "../../support/context.ts";
import { SlowWriter } from "../../support/io.ts";

test("method_delegation: reads from the reader, and writes to the writer", () => {
  const writer = new SlowWriter(2, true);
  const stream = duplexOf(repeat(122), writer);
  const buf = new Uint8Array(1);
  expect(ready(stream.read(buf))).toBe(1);
  expect(buf[0]).toBe(122);
  expect(ready(stream.write(Uint8Array.of(120)))).toBe(1);
  expect(ready(stream.writeVectored([Uint8Array.of(1), Uint8Array.of(2)]))).toBe(2);
  expect(stream.isWriteVectored).toBe(true);
  ready(stream.flush());
  ready(stream.shutdown());
  expect(writer).toMatchObject({ data: [120, 1, 2], flushes: 1, shutdowns: 1 });
});
