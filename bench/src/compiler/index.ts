import type { Suite } from "../harness/case.ts";
import { buildSpeed } from "./build-speed.ts";
import {
  compiledAwaitReady,
  compiledCallReady,
  compiledMpsc16,
  compiledSpawnJoin,
  compiledTaskBytes,
  compiledYield,
  compiledYieldDepth20,
  preemptiveLoop,
} from "./cases.ts";
import { compileSpeed, compileSpeedWorst } from "./compile-speed.ts";

/** The cases of the core suite in plain async/await, compiled to state machines. */
export const compiler: Suite = {
  name: "compiler",
  groups: [
    [compiledAwaitReady],
    [compiledYield, compiledYieldDepth20],
    [compiledCallReady],
    [compiledSpawnJoin],
    [compiledMpsc16],
    [preemptiveLoop],
    [compiledTaskBytes],
    [compileSpeed, compileSpeedWorst],
    [buildSpeed],
  ],
};
