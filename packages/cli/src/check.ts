import process from "node:process";
import { CompileError, compile, type Diagnostic } from "@pollux/compiler";
import { counted } from "./counted.ts";
import { diagnosticText } from "./diagnostic-text.ts";
import { ExitCode } from "./failure.ts";
import { readSource, sourceFiles } from "./source-file.ts";
import { styleFor } from "./style.ts";

/**
 * Prints what the compiler has to say of files. The exit code is 1 if there are errors.
 *
 * @throws Failure if there is no such file
 */
export function check(files: readonly string[]): void {
  const style = styleFor(process.stdout);
  const paths = sourceFiles(files);
  const found = paths.flatMap(diagnose);
  for (const each of found) process.stdout.write(`${diagnosticText(each, style)}\n\n`);
  const errors = found.filter((each) => each.severity === "error").length;
  const warnings = found.length - errors;
  const sum = `${counted(errors, "error")}, ${counted(warnings, "warning")} in ${counted(paths.length, "file")}`;
  process.stdout.write(`${style(errors > 0 ? "red" : warnings > 0 ? "yellow" : "green", sum)}\n`);
  if (errors > 0) process.exitCode = ExitCode.Failed;
}

function diagnose(path: string): readonly Diagnostic[] {
  try {
    return compile(readSource(path), { filename: path, jsx: "preserve" })?.diagnostics ?? [];
  } catch (error) {
    if (error instanceof CompileError) return error.diagnostics;
    throw error;
  }
}
