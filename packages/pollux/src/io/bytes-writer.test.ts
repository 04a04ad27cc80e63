import { expect, test } from "vitest";
import { ready } from "../../test/support/context.ts";
import { yieldsAtTimes } from "../../test/support/cooperative.ts";
import { text, utf8 } from "../../test/support/io.ts";
import { ClosedError } from "../core/errors.ts";
import { BytesWriter } from "./bytes-writer.ts";

test("BytesWriter: keeps what is written, and takes nothing more after a shutdown or a close", () => {
  for (const end of ["shutdown", "close"] as const) {
    const writer = new BytesWriter();
    const buf = utf8("ab");
    ready(writer.writeAll(buf));
    buf.fill(0);
    ready(writer.writeAllVectored([utf8("c"), utf8("d")]));
    ready(writer.flush());
    if (end === "shutdown") ready(writer.shutdown());
    else writer.close();
    expect(() => ready(writer.write(utf8("x")))).toThrow(ClosedError);
    expect(text(writer.bytes)).toBe("abcd");
  }
});

test("BytesWriter: lets others run", () => {
  const writer = new BytesWriter();
  return yieldsAtTimes(() => writer.writeAll(utf8("x")));
});
