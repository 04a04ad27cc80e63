import { constants } from "node:os";
import process from "node:process";

const NAMES = ["SIGINT", "SIGTERM"] as const;

/** How long a cleanup is waited for before the person at the keyboard is told, in ms. */
const PATIENCE = 1_000;

/**
 * `SIGINT` and `SIGTERM` while a program runs. The first one aborts `signal`. The second one ends the process at once,
 * with the code that a shell gives to a process that the signal has ended. A program that handles a signal by itself is left alone.
 */
export class Interrupts {
  readonly #abort = new AbortController();
  #exitCode: number | null = null;
  #patience: NodeJS.Timeout | null = null;

  constructor() {
    for (const name of NAMES) process.on(name, this.#onSignal);
  }

  /** Aborted by the first signal. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** What the process is to end with: `null` until a signal came. */
  get exitCode(): number | null {
    return this.#exitCode;
  }

  /** Signals do again what they did before. */
  close(): void {
    for (const name of NAMES) process.off(name, this.#onSignal);
    if (this.#patience !== null) clearTimeout(this.#patience);
  }

  readonly #onSignal = (name: (typeof NAMES)[number]): void => {
    if (process.listenerCount(name) > 1) return;
    const code = 128 + constants.signals[name];
    if (this.#exitCode !== null) process.exit(code);
    this.#exitCode = code;
    this.#patience = setTimeout(() => {
      process.stderr.write(`pollux: ${name}: waiting for cleanup; once more ends the program at once\n`);
    }, PATIENCE);
    this.#patience.unref();
    this.#abort.abort(new Error(name));
  };
}
