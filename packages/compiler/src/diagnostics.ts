import type { AnyNode } from "./ast.ts";

/** What the compiler has to say about a place in a source. */
export interface Diagnostic {
  /** Stable: `"POLLUX_COMPILE_EVAL"`. */
  readonly code: DiagnosticCode;
  readonly severity: "error" | "warning";
  /** What is wrong, and what to do. */
  readonly message: string;
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  /** The lines around it, with a mark. */
  readonly frame: string;
}

export type DiagnosticCode =
  | "POLLUX_COMPILE_SYNTAX"
  | "POLLUX_COMPILE_EVAL"
  | "POLLUX_COMPILE_WITH"
  | "POLLUX_COMPILE_ARGUMENTS"
  | "POLLUX_COMPILE_PARAMETER_CAPTURE"
  | "POLLUX_COMPILE_NESTED_ASYNC"
  | "POLLUX_COMPILE_FINALLY_LEAVES";

/** A source that cannot be compiled: nothing of it was. */
export class CompileError extends Error {
  override readonly name: string = "CompileError";
  /** That of the first diagnostic. */
  readonly code: DiagnosticCode;
  readonly diagnostics: readonly Diagnostic[];

  constructor(diagnostics: readonly [Diagnostic, ...Diagnostic[]]) {
    super(diagnostics.map(formatDiagnostic).join("\n\n"));
    this.code = diagnostics[0].code;
    this.diagnostics = diagnostics;
  }
}

/** A diagnostic as a person reads it in a terminal. */
export function formatDiagnostic(diagnostic: Diagnostic): string {
  const { file, line, column, severity, code, message, frame } = diagnostic;
  return `${file}:${line}:${column}: ${severity} ${code}: ${message}\n${frame}`;
}

/** Where a node of this offset stands in the text that a person wrote: the line from 1, the column from 0. */
export type Locate = (offset: number) => { readonly line: number; readonly column: number };

/** Collects what there is to say about one source. */
export class Diagnostics {
  readonly found: Diagnostic[] = [];
  private readonly file: string;
  private readonly source: string;
  private readonly locate: Locate;

  /** @param locate - from an offset in the code that was parsed to the place in the source */
  constructor(file: string, source: string, locate: Locate) {
    this.file = file;
    this.source = source;
    this.locate = locate;
  }

  error(code: DiagnosticCode, message: string, at: AnyNode): void {
    this.add("error", code, message, at);
  }

  warn(code: DiagnosticCode, message: string, at: AnyNode): void {
    this.add("warning", code, message, at);
  }

  private add(severity: Diagnostic["severity"], code: DiagnosticCode, message: string, at: AnyNode): void {
    const { line, column } = this.locate(at.start);
    const frame = codeFrame(this.source, line, column + 1);
    this.found.push({ code, severity, message, file: this.file, line, column: column + 1, frame });
  }

  /** Throws the errors, if there are any. */
  check(): void {
    const [first, ...rest] = this.found.filter((each) => each.severity === "error");
    if (first !== undefined) throw new CompileError([first, ...rest]);
  }
}

/** The line of a place, two lines before and one after, with a mark below it. */
export function codeFrame(source: string, line: number, column: number): string {
  const lines = source.split("\n");
  const from = Math.max(1, line - 2);
  const to = Math.min(lines.length, line + 1);
  const width = String(to).length;
  const frame: string[] = [];
  for (let n = from; n <= to; n++) {
    const text = (lines[n - 1] ?? "").replace(/\r$/, "");
    frame.push(`${n === line ? ">" : " "} ${String(n).padStart(width)} | ${text}`);
    if (n === line) {
      const indent = text.slice(0, column - 1).replace(/[^\t]/g, " ");
      frame.push(`  ${" ".repeat(width)} | ${indent}^`);
    }
  }
  return frame.join("\n");
}
