import type { Suite } from "../harness/case.ts";
import { delayed10k, delayed10kCpu, pingPong, waitingBytes } from "./cases.ts";
import { modelsText } from "./table.ts";

/** The ways to write what waits, side by side: callbacks, promises, coroutines, fibers, threads. */
export const models: Suite = {
  name: "models",
  groups: [[delayed10k], [delayed10kCpu], [pingPong], [waitingBytes]],
  toText: modelsText,
};
