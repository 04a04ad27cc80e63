import { test } from "vitest";
import { repeat } from "../../../src/io/repeat.ts";
import { yieldsAtTimes } from "../../support/cooperative.ts";

test("repeat_poll_read_is_cooperative: reads that are ready at once let others run", () =>
  yieldsAtTimes(() => repeat(0b101).readExact(new Uint8Array(4096))));
