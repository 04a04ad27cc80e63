/**
 * What compiled coroutines import: the contract between the package `@pollux/compiler` and this one. It is for generated
 * code alone, and both packages are released together.
 *
 * @module
 */
export { AsyncIteration } from "../core/async-iteration.ts";
export { Code } from "../core/code.ts";
export {
  assignToConst,
  badYield,
  bound,
  call,
  closure,
  coroutine,
  delegate,
  future,
  guarded,
  initialized,
  isThenable,
  propertyKey,
  pulse,
  restOf,
  Uninitialized,
} from "../core/compiled.ts";
export { CompiledFrame, Frame1, Frame3, Frame8 } from "../core/compiled-frame.ts";
export { Iteration, keysOf } from "../core/iteration.ts";
export { Pending } from "../core/poll.ts";
export { Resources } from "../core/resources.ts";
export { StreamFrame, streaming } from "./stream-frame.ts";
