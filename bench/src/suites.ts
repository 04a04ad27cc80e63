import { compiler } from "./compiler/index.ts";
import { core } from "./core/index.ts";
import type { Suite } from "./harness/case.ts";
import { http } from "./http/index.ts";
import { models } from "./models/index.ts";
import { net } from "./net/index.ts";
import { stream } from "./stream/index.ts";

export const suites: readonly Suite[] = [core, stream, net, http, compiler, models];
