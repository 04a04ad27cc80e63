import type { Blocking } from "pollux";
import { blocking } from "pollux";
import type * as InThread from "./in-thread.ts";

export type BlockingWork = Blocking<typeof InThread>;

/** The functions of `in-thread.ts`. A call that is killed has a moment to end by itself; else its thread is ended. */
export function makeWork(): BlockingWork {
  return blocking<typeof InThread>(new URL("./in-thread.js", import.meta.url), { cancelGrace: 5 });
}
