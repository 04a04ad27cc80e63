import { ambient } from "../core/ambient.ts";
import { taskOf } from "./current-task.ts";
import { nameOf } from "./waits-for.ts";

/**
 * Whether it is noted where tasks are spawned, and locks, channels and senders are made. A stack takes microseconds, so it is off until a
 * runtime asks for it; from then on it is on for the thread, for a channel belongs to no runtime.
 */
export const origins: { tracked: boolean } = { tracked: false };

/** The folder of the library, as it stands in a stack; `null` where all of a program is in one file. */
let own: string | null | undefined;

const WHERE = /\(?([^\s()]+:\d+:\d+)\)?$/;

/** Where the code stands that has called the library: `"file:///app/main.js:12:5"`. `undefined` if that cannot be told. */
export function callSite(): string | undefined {
  const places = (new Error().stack ?? "")
    .split("\n")
    .map((line) => WHERE.exec(line)?.[1])
    .filter((place) => place !== undefined);
  own ??= /^(.*[\\/])task[\\/]origins\.[jt]s:/.exec(places[0] ?? "")?.[1] ?? null;
  const folder = own;
  return folder === null ? undefined : places.find((place) => !place.startsWith(folder));
}

/** Who makes something and where, for people: `"task 2 (reader) at file:///app/main.js:12:5"`. */
export function maker(): string {
  const task = taskOf(ambient.cx);
  const name = task === null ? undefined : nameOf(task);
  const who =
    task === null ? "code outside of any task" : `task ${task.id}${name === undefined ? "" : ` (${name})`}`;
  const at = callSite();
  return at === undefined ? who : `${who} at ${at}`;
}

const makers = new WeakMap<object, string>();

/** Notes who makes a lock or a channel, if that is tracked. */
export function noteMaker(of: object): void {
  if (origins.tracked) makers.set(of, maker());
}

/** Who has made it, if that was noted. */
export function makerOf(of: object): string | undefined {
  return makers.get(of);
}
