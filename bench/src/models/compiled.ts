import { run } from "pollux";
import { compiledOnce } from "../compiler/load.ts";
import type { Model } from "./model.ts";

const programs = compiledOnce<typeof import("./programs.ts")>(new URL("./programs.js", import.meta.url));

export const compiled: Model = {
  delayed: async (tasks) => run((await programs()).delayed(tasks)),
  pingPong: async (turns) => run((await programs()).pingPong(turns)),
};
