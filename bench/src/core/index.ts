import type { Suite } from "../harness/case.ts";
import { awaitReady } from "./await-ready.ts";
import { callReady } from "./call-ready.ts";
import { cancel10k } from "./cancel-10k.ts";
import { join1000 } from "./join-1000.ts";
import { mpsc16 } from "./mpsc-16.ts";
import { mutex } from "./mutex.ts";
import { oneshots } from "./oneshot.ts";
import { select2 } from "./select-2.ts";
import { semaphore16, semaphore16k } from "./semaphore.ts";
import { sleep100k } from "./sleep-100k.ts";
import { sleepBytes } from "./sleep-bytes.ts";
import { spawn10k } from "./spawn-10k.ts";
import { spawnJoin } from "./spawn-join.ts";
import { taskBytes } from "./task-bytes.ts";
import { yieldDepth20, yieldOnce } from "./yield.ts";

/** Futures, tasks, combinators, time and sync: what every program is made of. */
export const core: Suite = {
  name: "core",
  groups: [
    [awaitReady],
    [yieldOnce, yieldDepth20],
    [callReady],
    [spawnJoin],
    [spawn10k],
    [mpsc16],
    [oneshots],
    [mutex],
    [semaphore16, semaphore16k],
    [sleep100k],
    [select2],
    [join1000],
    [cancel10k],
    [taskBytes],
    [sleepBytes],
  ],
};
