import { readFileSync } from "node:fs";
import type { Mode } from "./realm.ts";

/**
 * The tests that cannot pass, with the reason of each, from `exclusions.txt`: a line `[spec poll] reason` is followed by the
 * paths that it is the reason for, in these modes. They are run all the same, and one that passes is an error.
 */
export class Exclusions {
  private readonly modes = new Map<string, readonly string[]>();

  static read(): Exclusions {
    // Beside the sources: what is built has no copy of it.
    const path = new URL("../../../../test/test262/exclusions.txt", import.meta.url);
    return new Exclusions(readFileSync(path, "utf8"));
  }

  constructor(text: string) {
    let modes: readonly string[] | null = null;
    for (const line of text.split("\n")) {
      if (line === "" || line.startsWith("#")) continue;
      const head = /^\[(spec|poll|spec poll)\] \S/.exec(line)?.[1];
      if (head !== undefined) modes = head.split(" ");
      else if (modes === null) throw new Error(`exclusions.txt: ${line} has no reason`);
      else this.modes.set(line, modes);
    }
  }

  has(path: string, mode: Mode): boolean {
    return this.modes.get(path)?.includes(mode) ?? false;
  }
}
