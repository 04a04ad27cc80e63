import { type ChildProcessByStdio, execFile, spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Round } from "./case.ts";

const run = promisify(execFile);

/** Our program, and where it is built: among what `npm ci` wipes, and kept from one run to the next until then. */
const SOURCE = fileURLToPath(new URL("../../peers/tokio", import.meta.url));
const BUILD = fileURLToPath(new URL("../../../node_modules/.cache/pollux-bench-tokio", import.meta.url));
const FILES = ["Cargo.toml", "src/main.rs"];

/** Where Debian's librust-*-dev packages put the sources of crates. */
const CRATES = "/usr/share/cargo/registry";

const CARGO_CONFIG = `[source.crates-io]
replace-with = "debian"

[source.debian]
directory = "${CRATES}"
`;

/** The Tokio peer is optional: this says in one line why it is not there. */
export class TokioMissing extends Error {}

/** The Tokio program, running, and asked for a round at a time. */
export class Tokio {
  readonly #binary: string;
  /** The cases that it knows. */
  readonly cases: ReadonlySet<string>;
  #child: ChildProcessByStdio<Writable, Readable, null> | null = null;
  #lines: AsyncIterator<string> | null = null;
  #reader: Interface | null = null;

  private constructor(binary: string, cases: ReadonlySet<string>) {
    this.#binary = binary;
    this.cases = cases;
  }

  /**
   * Builds the program, offline, if it is not built yet.
   *
   * @throws TokioMissing if cargo or the crate is not there, or the build fails
   */
  static async build(): Promise<Tokio> {
    try {
      await run("cargo", ["--version"]);
    } catch {
      throw new TokioMissing("cargo is not installed");
    }
    if (!existsSync(CRATES) || !readdirSync(CRATES).some((crate) => crate.startsWith("tokio-1"))) {
      throw new TokioMissing("librust-tokio-dev is not installed");
    }
    for (const file of FILES) update(join(BUILD, file), readFileSync(join(SOURCE, file), "utf8"));
    update(join(BUILD, ".cargo/config.toml"), CARGO_CONFIG);
    try {
      await run("cargo", ["build", "--release", "--offline", "--quiet"], { cwd: BUILD });
    } catch (error) {
      const { stderr = String(error) } = error as { stderr?: string };
      throw new TokioMissing(`cargo build failed: ${stderr.trim().split("\n")[0]}`);
    }
    const binary = join(BUILD, "target/release/pollux-bench-tokio");
    const { stdout } = await run(binary, ["cases"]);
    return new Tokio(binary, new Set(stdout.trim().split("\n")));
  }

  /** A round like any other peer's, only that the program itself keeps the time. */
  round(name: string): Round {
    return async (iterations, watch) => watch.record((await this.#ask(name, iterations)) / 1e6);
  }

  /** Bytes held by so many suspended tasks, measured in a process of its own. */
  async weigh(name: string, tasks: number): Promise<number> {
    this.close();
    const bytes = await this.#ask(name, tasks);
    this.close();
    return bytes;
  }

  close(): void {
    this.#reader?.close();
    this.#child?.stdin.end();
    this.#child = null;
    this.#lines = null;
    this.#reader = null;
  }

  async #ask(name: string, iterations: number): Promise<number> {
    if (this.#child === null) {
      this.#child = spawn(this.#binary, { stdio: ["pipe", "pipe", "inherit"] });
      this.#reader = createInterface({ input: this.#child.stdout });
      this.#lines = this.#reader[Symbol.asyncIterator]();
    }
    this.#child.stdin.write(`${name} ${iterations}\n`);
    const answer = await this.#lines?.next();
    if (answer === undefined || answer.done === true)
      throw new Error("the tokio program ended without an answer");
    return Number(answer.value);
  }
}

/** Writes a file only if that changes it: cargo looks at the time of the last change. */
function update(file: string, content: string): void {
  if (existsSync(file) && readFileSync(file, "utf8") === content) return;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}
