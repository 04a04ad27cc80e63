import type { Census } from "./census.ts";
import type { Tally } from "./load.ts";

const COLUMNS = [
  ["s", 6],
  ["jobs", 9],
  ["done", 9],
  ["killed", 8],
  ["broken", 8],
  ["tasks", 6],
  ["timers", 7],
  ["sources", 8],
  ["descriptors", 12],
  ["threads", 8],
  ["heap MiB", 9],
  ["resident MiB", 13],
] as const;

function line(cells: readonly string[]): string {
  return cells.map((cell, column) => cell.padStart(COLUMNS[column]?.[1] ?? 0)).join("");
}

export const HEAD: string = line(COLUMNS.map(([name]) => name));

/** How a load stands after so many seconds. */
export function row(seconds: number, { all, done, killed, broken }: Tally, census: Census): string {
  const { tasks, timers, sources, descriptors, threads, heap, resident } = census;
  return line([
    seconds.toFixed(1),
    ...[all, done, killed, broken, tasks, timers, sources, descriptors, threads].map(String),
    heap.toFixed(1),
    resident.toFixed(1),
  ]);
}
