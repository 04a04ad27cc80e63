/** What runs things later in a thread that a runtime owns, where Node's loop does not turn. */
export interface LaterHost {
  timer(task: () => void, ms: number): () => void;
}

interface Entry {
  readonly task: () => void;
  readonly due: number;
  readonly keepsAlive: boolean;
  /** Takes it back from whoever runs it. */
  stop: () => void;
}

/**
 * What the reactor of a thread has to do after a while: by Node's timers, or by those of whoever owns the thread. What is left
 * when that one lets go of it is Node's again.
 */
export class Later {
  private host: LaterHost | null = null;
  private readonly entries: Set<Entry> = new Set();

  /** @param host - who owns the thread from now on; `null`: nobody */
  ownBy(host: LaterHost | null): void {
    this.host = host;
    for (const entry of this.entries) {
      entry.stop();
      this.begin(entry);
    }
  }

  /** Runs `task` when others have had their turn. */
  turn(task: () => void): void {
    if (this.host === null) setImmediate(task);
    else this.after(0, task, true);
  }

  /**
   * Runs `task` after `ms`.
   *
   * @param keepsAlive - whether the process stays alive for it
   * @returns what takes it back
   */
  after(ms: number, task: () => void, keepsAlive: boolean): () => void {
    const entry: Entry = { task, due: performance.now() + ms, keepsAlive, stop: () => {} };
    this.entries.add(entry);
    this.begin(entry);
    return () => {
      if (this.entries.delete(entry)) entry.stop();
    };
  }

  private begin(entry: Entry): void {
    const ms = Math.max(0, entry.due - performance.now());
    const run = (): void => {
      this.entries.delete(entry);
      entry.task();
    };
    if (this.host !== null) {
      entry.stop = this.host.timer(run, ms);
      return;
    }
    const timer = setTimeout(run, ms);
    if (!entry.keepsAlive) timer.unref();
    entry.stop = () => clearTimeout(timer);
  }
}
