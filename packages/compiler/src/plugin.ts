import { createUnplugin, type UnpluginInstance } from "unplugin";
import { type CompileOptions, compile } from "./compile.ts";
import { formatDiagnostic } from "./diagnostics.ts";

export interface PluginOptions {
  /** Files to compile, by their paths; by default every JavaScript and TypeScript file. */
  readonly include?: RegExp;
  /** Files to leave alone; by default those below `node_modules`. */
  readonly exclude?: RegExp;
  /** Modules that `co` may be imported from, besides `"pollux"`. */
  readonly modules?: readonly (string | RegExp)[];
  /** What JSX becomes in files that have coroutines; by default it stays, for what compiles that of all other files. */
  readonly jsx?: CompileOptions["jsx"];
}

const INCLUDE = /\.[cm]?[jt]sx?$/;
const EXCLUDE = /[\\/]node_modules[\\/]/;

/**
 * The compiler as a plugin of Vite, Rollup, Rolldown, esbuild or webpack: `pollux.vite()` in the list of plugins is all that
 * is needed.
 */
export const pollux: UnpluginInstance<PluginOptions | undefined, false> = createUnplugin(
  (options: PluginOptions | undefined) => {
    const include = options?.include ?? INCLUDE;
    const exclude = options?.exclude ?? EXCLUDE;
    let sourceMap = true;
    return {
      name: "pollux",
      // Before others have taken `async` functions, or types and what stands beside them, apart.
      enforce: "pre",
      transform: {
        filter: { id: { include, exclude }, code: /\bco\b/ },
        handler(code, id) {
          const filename = id.replace(/[?#].*$/, "");
          const result = compile(code, {
            filename,
            modules: options?.modules ?? [],
            jsx: options?.jsx ?? "preserve",
            sourceMap,
          });
          if (result === null) return null;
          for (const each of result.diagnostics) this.warn(formatDiagnostic(each));
          return { code: result.code, map: result.map as never };
        },
      },
      vite: {
        // A build that writes no source maps needs none. Other bundlers ask for them when all is transformed.
        configResolved(config) {
          const builds = [config, ...Object.values(config.environments)].map((each) => each.build);
          sourceMap = config.command === "serve" || builds.some((each) => each.sourcemap !== false);
        },
      },
    };
  },
);
