import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

// Builds the native layer, which is optional: where it is not there, the node reactor serves.
//
// `build-native` builds it for this machine, and says so if it cannot. `build-native --all` builds what is published, for
// each architecture, with Debian's cross compilers, and fails if it cannot.

/** Architectures as Node names them, and how their compilers are called. */
const COMPILERS: Readonly<Record<string, string>> = {
  x64: "x86_64-linux-gnu-gcc",
  arm64: "aarch64-linux-gnu-gcc",
};

/**
 * Without a libc of its own: what the file calls is found in the one that Node has loaded, be it glibc or musl, and no version
 * of a symbol is asked for. So one binary serves both.
 */
const FLAGS = ["-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-nostdlib"];
/** Would call into parts of a libc that the other one does not have. */
const PLAIN = ["-fno-stack-protector", "-U_FORTIFY_SOURCE", "-s"];

/** On this architecture a compiler would otherwise call into a library of its own for what is atomic. */
const OF_ARCHITECTURE: Readonly<Record<string, readonly string[]>> = { arm64: ["-mno-outline-atomics"] };

const SOURCE = fileURLToPath(new URL("../../packages/pollux/native/pollux.c", import.meta.url));

const headers: { include_dir: string } = createRequire(import.meta.url)("node-api-headers");

/** @throws the compiler's failure */
function build(compiler: string, arch: string): void {
  const binary = fileURLToPath(
    new URL(`../../packages/pollux/native/bin/linux-${arch}.node`, import.meta.url),
  );
  if (existsSync(binary) && statSync(binary).mtimeMs > statSync(SOURCE).mtimeMs) return;
  mkdirSync(fileURLToPath(new URL("../../packages/pollux/native/bin", import.meta.url)), { recursive: true });
  const flags = [...FLAGS, ...PLAIN, ...(OF_ARCHITECTURE[arch] ?? [])];
  execFileSync(compiler, [...flags, `-I${headers.include_dir}`, SOURCE, "-o", binary], {
    stdio: ["ignore", "inherit", "inherit"],
  });
}

const { values } = parseArgs({ options: { all: { type: "boolean", default: false } } });
if (values.all) {
  for (const [arch, compiler] of Object.entries(COMPILERS)) build(compiler, arch);
} else if (process.platform === "linux" && process.arch in COMPILERS) {
  try {
    build("cc", process.arch);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    console.warn("There is no C compiler: the native layer is not built, and the node reactor serves.");
  }
}
