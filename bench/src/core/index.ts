import type { Suite } from "../harness/case.ts";
import { awaitReady } from "./await-ready.ts";
import { callReady } from "./call-ready.ts";
import { spawn10k } from "./spawn-10k.ts";
import { spawnJoin } from "./spawn-join.ts";
import { yieldDepth20, yieldOnce } from "./yield.ts";

/** Futures, tasks, combinators, time and sync: what every program is made of. */
export const core: Suite = {
  name: "core",
  groups: [[awaitReady], [yieldOnce, yieldDepth20], [callReady], [spawnJoin], [spawn10k]],
};
