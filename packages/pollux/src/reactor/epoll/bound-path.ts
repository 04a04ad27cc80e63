import { statSync, unlinkSync } from "node:fs";

/** The file that a Unix socket was bound to, which goes when that is closed, as Node has it. */
export class BoundPath {
  private readonly path: string;
  private readonly identity: string | null;

  /** Of a socket that has just been bound there. An abstract name has no file. */
  constructor(path: string) {
    this.path = path;
    this.identity = path.startsWith("\0") ? null : identityOf(path);
  }

  /** Before the descriptor is closed. What somebody else has put there meanwhile stays. */
  remove(): void {
    if (this.identity === null || identityOf(this.path) !== this.identity) return;
    try {
      unlinkSync(this.path);
    } catch {
      // The folder may have become one that we must not change: then it stays, as it does when a process is killed.
    }
  }
}

function identityOf(path: string): string | null {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stat === undefined ? null : `${stat.dev}:${stat.ino}`;
}
