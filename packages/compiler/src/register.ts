/**
 * Compiles what Node loads from now on: `node --import @pollux/compiler/register app.ts`.
 *
 * @module
 */
import * as module from "node:module";
import { loadModule } from "./load.ts";

type Load = (
  url: string,
  context: { format?: string | null },
  nextLoad: (url: string, context: object) => unknown,
) => unknown;

/** Hooks on the thread that loads; Node 22.15 and later have them, and the types of Node 20 do not. */
const { registerHooks } = module as { registerHooks?: (hooks: { load: Load }) => unknown };

if (registerHooks === undefined) {
  module.register(new URL(import.meta.url.endsWith(".ts") ? "./hooks.ts" : "./hooks.js", import.meta.url));
} else {
  registerHooks({
    load: (url, context, nextLoad) => loadModule(url, context.format) ?? nextLoad(url, context),
  });
}
process.setSourceMapsEnabled(true);
