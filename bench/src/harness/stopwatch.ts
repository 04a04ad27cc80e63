/** Times one round, in ms. */
export class Stopwatch {
  readonly #now: () => number;
  #began: number | null = null;
  elapsed = 0;

  constructor(clock: "wall" | "cpu" = "wall") {
    this.#now = clock === "wall" ? wallTime : cpuTime;
  }

  /** Starts at zero, also when it runs already. */
  start(): void {
    this.elapsed = 0;
    this.#began = this.#now();
  }

  /** Stops; does nothing when it has been stopped before. */
  stop(): void {
    if (this.#began === null) return;
    this.elapsed = this.#now() - this.#began;
    this.#began = null;
  }

  /** Takes a time that was measured elsewhere, in another process. */
  record(ms: number): void {
    this.elapsed = ms;
    this.#began = null;
  }
}

function wallTime(): number {
  return performance.now();
}

/** Of the whole process, so that a peer's garbage collection counts even where V8 does it on other threads. */
function cpuTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
