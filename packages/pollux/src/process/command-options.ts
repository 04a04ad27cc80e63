import { describe } from "../core/errors.ts";
import { File } from "../fs/file.ts";
import { checkBoolean, checkPath, type FilePath } from "../fs/path.ts";
import { checkSize } from "../io/check.ts";

/**
 * Where an input or an output of a process leads to: a pipe to us, the one that this process has, nowhere (`/dev/null`), or
 * an open file, which stays open here. A process reads and writes a file from its start, wherever our position is; to add
 * to one, open it to append.
 */
export type Stdio = "pipe" | "inherit" | "null" | File;

/** How a process is started. */
export interface CommandOptions {
  /** Its working directory. Default: that of this process. */
  cwd?: FilePath;
  /** Variables of its environment, beside those of this process; one that is `undefined` is taken out. */
  env?: Readonly<Record<string, string | undefined>>;
  /** Whether it is to have none of this process's variables. Default: `false`. */
  clearEnv?: boolean;
  /** What it sees as its name. Default: the program. */
  argv0?: string;
  stdin?: Stdio;
  stdout?: Stdio;
  stderr?: Stdio;
  /** Whether to kill it when the `Child` is closed or disposed of. Default: `false`. */
  killOnDrop?: boolean;
  /** Whether it leads a process group, and a session, of its own (`setsid`), all of which a signal reaches. Default: `false`. */
  processGroup?: boolean;
  /** The user that it runs as. */
  uid?: number;
  /** The group that it runs as. */
  gid?: number;
}

const STDIO: ReadonlySet<unknown> = new Set(["pipe", "inherit", "null"]);

/**
 * @throws TypeError, RangeError for arguments that make no sense
 * @internal
 */
export function checkCommand(program: string, args: readonly string[], options: CommandOptions): void {
  if (program === "") throw new TypeError("a command needs the name of a program, or its path");
  checkText("program", program);
  if (!Array.isArray(args)) throw new TypeError('args must be an array of strings, such as ["-l", "/"]');
  for (const arg of args) checkText("an argument", arg);
  const { cwd, env = {}, argv0, uid, gid } = options;
  if (cwd !== undefined) checkPath("Command", cwd, "cwd");
  for (const [name, value] of Object.entries(env)) if (value !== undefined) checkText(`env.${name}`, value);
  if (argv0 !== undefined) checkText("argv0", argv0);
  for (const name of ["clearEnv", "killOnDrop", "processGroup"] as const)
    checkBoolean("Command", name, options[name]);
  if (uid !== undefined) checkSize("uid", uid, 0);
  if (gid !== undefined) checkSize("gid", gid, 0);
  for (const name of ["stdin", "stdout", "stderr"] as const) {
    const given = options[name];
    if (given !== undefined && !STDIO.has(given) && !(given instanceof File))
      throw new TypeError(`${name} must be "pipe", "inherit", "null" or a File, not ${describe(given)}`);
  }
}

function checkText(what: string, text: string): void {
  if (typeof text !== "string") throw new TypeError(`${what} must be a string, not ${describe(text)}`);
  if (text.includes("\0")) throw new TypeError(`${what} has a null byte in it`);
}
