import { compiler } from "./compiler/index.ts";
import { core } from "./core/index.ts";
import type { Suite } from "./harness/case.ts";

export const suites: readonly Suite[] = [core, compiler];
