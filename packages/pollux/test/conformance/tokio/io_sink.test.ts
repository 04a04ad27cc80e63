import { test } from "vitest";
import { sink } from "../../../src/io/sink.ts";
import { yieldsAtTimes } from "../../support/cooperative.ts";

test("sink_poll_write_is_cooperative: writes that are ready at once let others run", () =>
  yieldsAtTimes(() => sink().writeAll(Uint8Array.of(1, 2, 3))));

test("sink_poll_flush_is_cooperative: and so do flushes", () => yieldsAtTimes(() => sink().flush()));

test("sink_poll_shutdown_is_cooperative: and shutdowns", () => yieldsAtTimes(() => sink().shutdown()));
