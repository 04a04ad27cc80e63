import { expect, test } from "vitest";
import { End } from "../../../src/core/stream-source.ts";
import { bytesCodec } from "../../../src/io/bytes-codec.ts";
import { FramedRead } from "../../../src/io/framed-read.ts";
import { mock } from "../../../src/io/mock.ts";
import { ready } from "../../support/context.ts";
import { utf8 } from "../../support/io.ts";

test("return_none_after_error: a failure of the reader is thrown once, and then the stream is at its end", () => {
  const error = new Error("Resource errored out");
  const frames = new FramedRead(
    mock({ read: "abcdef" }, { readError: error }, { read: "more data" }),
    bytesCodec(),
  );
  expect(ready(frames.next())).toEqual(utf8("abcdef"));
  expect(() => ready(frames.next())).toThrow(error);
  expect(ready(frames.next())).toBe(End);
});
