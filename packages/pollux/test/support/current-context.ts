import { currentExecutor } from "../../src/task/spawn.ts";
import { TestContext } from "./context.ts";

/** A context on the runtime of the calling task, to poll futures by hand beside it. */
export function currentContext(): TestContext {
  return new TestContext(currentExecutor("a test's context"));
}
