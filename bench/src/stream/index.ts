import type { Suite } from "../harness/case.ts";
import { copy1gb } from "./copy-1gb.ts";
import { lines100mb } from "./lines-100mb.ts";

/** Values that come one after the other. */
export const stream: Suite = {
  name: "stream",
  groups: [[lines100mb], [copy1gb]],
};
