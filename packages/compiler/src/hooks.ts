import type { LoadHook } from "node:module";
import { loadModule } from "./load.ts";

/** For Nodes whose hooks run on a thread of their own: `register.ts` names this file. */
export const load: LoadHook = async (url, context, nextLoad) => {
  return loadModule(url, context.format) ?? nextLoad(url, context);
};
