import { counted } from "../core/counted.ts";
import { reactorText } from "./dump.ts";
import { label, phrase } from "./findings.ts";
import type { GroupSnapshot, RuntimeSnapshot, TaskSnapshot, WaitSnapshot } from "./snapshot.ts";

/** A snapshot as text: findings and reactor, a line each, and then the tasks by group, with what each waits for. */
export function dumpText({ findings, reactor, groups }: RuntimeSnapshot): string {
  const lines = findings.map(({ text }) => text);
  if (reactor !== undefined) lines.push(reactorText(reactor));
  for (const group of groups) writeGroup(lines, group, "");
  return lines.join("\n");
}

function writeGroup(lines: string[], { name, tasks }: GroupSnapshot, indent: string): void {
  lines.push(`${indent}${name}:`);
  for (const task of tasks) writeTask(lines, task, `${indent}  `);
}

function writeTask(lines: string[], task: TaskSnapshot, indent: string): void {
  const { state, polls, wakes, spawnedAt, waitsFor, scopes } = task;
  const parts: string[] = [];
  const waiting = waitsFor === undefined ? "" : ` in ${chain(parts, waitsFor, `${indent}  `)}`;
  const at = spawnedAt === undefined ? "" : `; spawned at ${spawnedAt}`;
  lines.push(
    `${indent}${label(task)}: ${state}${waiting}; ${counted(polls, "poll")}, ${counted(wakes, "wake")}${at}`,
    ...parts,
  );
  for (const scope of scopes) writeGroup(lines, scope, `${indent}  `);
}

/** The chain down to where it branches or ends; the branches are written below. */
function chain(lines: string[], wait: WaitSnapshot, indent: string): string {
  const here = [...(wait.in ?? []), phrase(wait)].join(" > ");
  const [first, ...others] = wait.awaits ?? [];
  if (first === undefined) return here;
  if (others.length === 0 && first.name === undefined) return `${here} > ${chain(lines, first, indent)}`;
  for (const each of [first, ...others]) {
    const below: string[] = [];
    const text = chain(below, each, `${indent}  `);
    lines.push(`${indent}${each.name === undefined ? "- " : `${each.name}: `}${text}`, ...below);
  }
  return here;
}
