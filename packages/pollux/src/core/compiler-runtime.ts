/**
 * What compiled coroutines import: the contract between the package `@pollux/compiler` and this one. It is for generated
 * code alone, and both packages are released together.
 *
 * @module
 */
export { AsyncIteration } from "./async-iteration.ts";
export { Code } from "./code.ts";
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
} from "./compiled.ts";
export { CompiledFrame, Frame1, Frame3, Frame8 } from "./compiled-frame.ts";
export { Iteration, keysOf } from "./iteration.ts";
export { Pending } from "./poll.ts";
export { Resources } from "./resources.ts";
