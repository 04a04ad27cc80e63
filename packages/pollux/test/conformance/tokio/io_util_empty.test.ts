import { expect, test } from "vitest";
import type { SeekFrom } from "../../../src/io/async-seek.ts";
import { empty } from "../../../src/io/empty.ts";
import { ready } from "../../support/context.ts";
import { yieldsAtTimes } from "../../support/cooperative.ts";

test("empty_read_is_cooperative: reads that are ready at once let others run", () =>
  yieldsAtTimes(() => empty().read(new Uint8Array(4096))));

test("empty_buf_reads_are_cooperative: and so do those of lines", () =>
  yieldsAtTimes(() => empty().readLine()));

test("empty_seek: it stays at the start, wherever to one seeks", () => {
  const reader = empty();
  for (const from of ["start", "current", "end"] satisfies SeekFrom[])
    for (const offset of [Number.MIN_SAFE_INTEGER, -1, 0, 1, Number.MAX_SAFE_INTEGER])
      expect(ready(reader.seek(offset, from))).toBe(0);
});
