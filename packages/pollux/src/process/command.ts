import { blockFuture, co } from "../core/coroutine.ts";
import { describe } from "../core/errors.ts";
import type { Future } from "../core/future.ts";
import { type LimitOptions, limitOf, WHOLE_LIMIT } from "../io/limit.ts";
import type { Body } from "../sync/with-guard.ts";
import type { Child } from "./child.ts";
import { type CommandOptions, checkCommand } from "./command-options.ts";
import type { ExitStatus } from "./exit-status.ts";
import { collectOutput, type Output } from "./output.ts";
import { Spawn, type Spawning } from "./spawn.ts";

/** What {@link Command.output} gives the process, and how much it takes of it. */
export interface OutputOptions extends LimitOptions {
  /** What the process reads; it sees the end after it. Default: nothing. */
  input?: string | Uint8Array;
}

/** Whatever becomes of the body, the process has ended when this has. */
const within = co(function* <R>(spawning: Spawning, body: (child: Child) => Body<R>) {
  const child = yield* new Spawn(spawning);
  try {
    return yield* blockFuture(body(child), "with");
  } finally {
    try {
      yield* child.kill();
    } finally {
      child.close();
    }
  }
});

/**
 * A program to be run, by its path or by a name that is looked for in `PATH`, without a shell. Any number of processes can
 * be made of it.
 *
 * @example
 * ```ts
 * const main = co(function* () {
 *   const { status, stdout } = yield* new Command("printf", ["hello"]).output();
 *   console.log(status.success, new TextDecoder().decode(stdout)); // true "hello"
 * });
 * await run(main());
 * ```
 */
export class Command {
  readonly program: string;
  readonly args: readonly string[];
  private readonly options: CommandOptions;

  /** @throws TypeError, RangeError for arguments that make no sense */
  constructor(program: string, args: readonly string[] = [], options: CommandOptions = {}) {
    checkCommand(program, args, options);
    this.program = program;
    this.args = [...args];
    this.options = { ...options };
  }

  /**
   * Starts a process. Where the options do not say otherwise, it has the input and the outputs of this one.
   *
   * Fails with the system's error: `ENOENT` where there is no such program, or no such `cwd`; `EACCES`, `EMFILE`, `EAGAIN`.
   *
   * **Cancel safety.** Safe: a process that has been started is killed, and its pipes closed.
   */
  spawn(): Future<Child> {
    return new Spawn(this.spawning("inherit", "inherit"));
  }

  /**
   * Runs the program to its end and gives how it has ended.
   *
   * Fails with the system's error, as {@link spawn} does.
   *
   * **Cancel safety.** Safe: the process is killed, and the cancel waits until it has ended.
   *
   * @example
   * ```ts
   * const main = co(function* () {
   *   console.log((yield* new Command("false").status()).code); // 1
   * });
   * await run(main());
   * ```
   */
  status(): Future<ExitStatus> {
    return within(this.spawning("inherit", "inherit"), (child) => child.wait()) as Future<ExitStatus>;
  }

  /**
   * Runs the program to its end and gives what it has written, and how it has ended. Where the options do not say
   * otherwise, its outputs are pipes and there is no input. Each output may have 64 MiB, unless `maxLength` says
   * otherwise; what is longer fails with `TooLongError`, and the process is killed. A program that does not read all of
   * its `input` is no failure.
   *
   * Fails with the system's error, as {@link spawn} does.
   *
   * **Cancel safety.** Safe: the process is killed, and the cancel waits until it has ended.
   *
   * @throws TypeError, RangeError for options that make no sense
   *
   * @example
   * ```ts
   * const main = co(function* () {
   *   const { stdout } = yield* new Command("tr", ["a-z", "A-Z"]).output({ input: "hello" });
   *   console.log(new TextDecoder().decode(stdout)); // "HELLO"
   * });
   * await run(main());
   * ```
   */
  output(options: OutputOptions = {}): Future<Output> {
    const { input } = options;
    if (input !== undefined && typeof input !== "string" && !(input instanceof Uint8Array))
      throw new TypeError(`input must be a string or a Uint8Array, not ${describe(input)}`);
    const maxLength = limitOf(options, WHOLE_LIMIT);
    const bytes = typeof input === "string" ? new TextEncoder().encode(input) : (input ?? new Uint8Array(0));
    const spawning = this.spawning(input === undefined ? "null" : "pipe", "pipe");
    return within(spawning, (child) => collectOutput(child, bytes, { maxLength })) as Future<Output>;
  }

  /**
   * Runs a body with a process, which is killed, if it has not ended, when the body returns, throws or is cancelled; the
   * result comes, or the cancel ends, when the process has.
   *
   * Fails with the system's error, as {@link spawn} does.
   *
   * **Cancel safety.** Safe: the body is cancelled, the process killed, and the cancel waits for both.
   *
   * @throws TypeError if `body` is no function
   *
   * @example
   * ```ts
   * const main = co(function* () {
   *   const first = yield* new Command("yes", [], { stdout: "pipe" }).with(function* (child) {
   *     return yield* new BufReader(child.stdout!).readLine();
   *   });
   *   console.log(first); // "y"
   * });
   * await run(main());
   * ```
   */
  with<R>(body: (child: Child) => Body<R>): Future<R> {
    if (typeof body !== "function")
      throw new TypeError("with needs a function that returns a future: with(function* (child) { … })");
    // A generic coroutine loses the type of its result.
    return within(this.spawning("inherit", "inherit"), body) as Future<R>;
  }

  private spawning(stdin: "inherit" | "null" | "pipe", outputs: "inherit" | "pipe"): Spawning {
    const { program, args, options } = this;
    return { program, args, options: { stdin, stdout: outputs, stderr: outputs, ...options } };
  }
}
