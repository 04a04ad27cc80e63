import type { Suite } from "../harness/case.ts";
import { broadcast1To100 } from "./broadcast-1-to-100.ts";
import { buffered16 } from "./buffered-16.ts";
import { copy1gb } from "./copy-1gb.ts";
import { lines100mb } from "./lines-100mb.ts";
import { mapFilter1m } from "./map-filter-1m.ts";
import { merge8 } from "./merge-8.ts";

/** Values and bytes that come one after the other. */
export const stream: Suite = {
  name: "stream",
  groups: [[mapFilter1m], [buffered16], [merge8], [broadcast1To100], [lines100mb], [copy1gb]],
};
