export {
  type CompiledMap,
  type CompileOptions,
  type CompileResult,
  compile,
  eraseTypes,
  expand,
  mayHaveCoroutines,
} from "./compile.ts";
export { CompileError, type Diagnostic, type DiagnosticCode, formatDiagnostic } from "./diagnostics.ts";
export type { CoroutineManifest, StateManifest } from "./manifest.ts";
export { type PluginOptions, pollux } from "./plugin.ts";
