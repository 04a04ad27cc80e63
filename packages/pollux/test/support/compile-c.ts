import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

/** Whether this command is there; it must know `--version`. */
export function hasCommand(command: string): boolean {
  try {
    execFileSync(command, ["--version"], { stdio: "ignore" });
    return true;
  } catch (error) {
    // One that is there and does not know the option has a status.
    return (error as NodeJS.ErrnoException).code !== "ENOENT";
  }
}

/**
 * Compiles a file of `support/native`.
 *
 * @param name - without its ending
 * @throws the compiler's failure, with what it has printed
 */
export function compileC(compiler: string, name: string, to: string, ...flags: readonly string[]): void {
  const source = fileURLToPath(new URL(`native/${name}.c`, import.meta.url));
  const headers: { include_dir: string } = createRequire(import.meta.url)("node-api-headers");
  const common = ["-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror", `-I${headers.include_dir}`];
  execFileSync(compiler, [...common, ...flags, source, "-o", to], { encoding: "utf8", stdio: "pipe" });
}
