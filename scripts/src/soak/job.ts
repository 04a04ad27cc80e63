import type { Future } from "pollux";
import type { Random } from "./random.ts";
import type { Servers } from "./servers.ts";
import type { BlockingWork } from "./work.ts";

/** What jobs find ready. */
export interface World {
  readonly servers: Servers;
  /** Functions in other threads. */
  readonly work: BlockingWork;
  /** Where files are made, each of which its job removes. */
  readonly folder: string;
}

/**
 * Something that users do, from its beginning to its end. It checks what comes of it and throws if that is wrong; killed at
 * any moment, it leaves nothing.
 */
export interface Job {
  readonly name: string;
  /** How often it is taken beside others. */
  readonly weight: number;
  start(world: World, random: Random): Future<void>;
  /** Whether this failure is one that the load itself has brought about. */
  expects?(error: unknown): boolean;
}

/** What was to be checked is not so. */
export class Mismatch extends Error {}

export function check(holds: boolean, what: string): void {
  if (!holds) throw new Mismatch(what);
}

export function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | undefined)?.code;
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
