import process from "node:process";
import { type TestAPI, test } from "vitest";

/** A test of what only generators have: it is left out where the tests' coroutines are compiled. */
export const uncompiled: TestAPI | TestAPI["skip"] = test.skipIf(process.env["POLLUX_COMPILED"] === "1");
