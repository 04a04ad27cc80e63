import { expect, test } from "vitest";
import { Cursor } from "../../../src/io/cursor.ts";
import { mock } from "../../../src/io/mock.ts";
import { ready } from "../../support/context.ts";
import { text, utf8 } from "../../support/io.ts";

test("read_to_end: gives all that there is", () => {
  expect(text(ready(new Cursor(utf8("hello world")).readToEnd()))).toBe("hello world");
});

test("read_to_end_doesnt_grow_with_capacity: however it comes, it is what was sent, and takes no more memory", () => {
  const bytes = Uint8Array.from({ length: 100 }, (_, i) => i);
  for (let length = 32; length < 100; length++) {
    for (let split = 0; split < length; split++) {
      const sent = bytes.subarray(0, length);
      const stream = mock({ read: sent.subarray(0, split) }, { read: sent.subarray(split) });
      const read = ready(stream.readToEnd());
      if (String(read) !== String(sent) || read.buffer.byteLength !== length) expect(read).toEqual(sent);
    }
  }
});
