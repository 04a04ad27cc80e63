import process from "node:process";
import { CompileError, type CoroutineManifest, expand } from "@pollux/compiler";
import { beside } from "./beside.ts";
import { counted } from "./counted.ts";
import { diagnosticText, shortPath } from "./diagnostic-text.ts";
import { ExitCode, Failure } from "./failure.ts";
import { highlight } from "./highlight.ts";
import { type Section, sections } from "./sections.ts";
import { readSource, sourceFile } from "./source-file.ts";
import { type Style, styleFor } from "./style.ts";

/** Where the state machine is printed: right of what was written, or under it. */
export type Layout = "auto" | "beside" | "below";

/** Columns that a terminal needs for two columns of code. */
const WIDE = 160;

/**
 * Prints the coroutines of a file as they were written, their states, and what they become.
 *
 * @throws Failure if there is no such file or function
 */
export function expandFile(file: string, options: { function?: string; layout: Layout }): void {
  const path = sourceFile(file);
  const source = readSource(path);
  let found: Section[];
  try {
    const result = expand(source, { filename: shortPath(path) });
    found = result === null ? [] : sections(source, path, result);
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    const style = styleFor(process.stderr);
    process.stderr.write(`${error.diagnostics.map((each) => diagnosticText(each, style)).join("\n\n")}\n`);
    process.exitCode = ExitCode.Failed;
    return;
  }
  const chosen = choose(found, shortPath(path), options.function);
  const { stdout } = process;
  const style = styleFor(stdout);
  const width = options.layout === "below" ? 0 : (stdout.columns ?? 0);
  const isBeside = options.layout === "beside" || width >= WIDE;
  const texts = chosen.map((each) =>
    sectionText(each, source, style, isBeside ? Math.max(width, WIDE) : null),
  );
  stdout.write(`${texts.join("\n\n")}\n`);
}

function choose(found: readonly Section[], file: string, name: string | undefined): readonly Section[] {
  if (found.length === 0) {
    throw new Failure(
      `${file} has no coroutines: co(async …) or co(function* …), with co imported from "pollux"`,
      ExitCode.Failed,
    );
  }
  if (name === undefined) return found;
  const chosen = found.filter(({ coroutines }) => coroutines.some((each) => each.name === name));
  if (chosen.length > 0) return chosen;
  const names = found.flatMap(({ coroutines }) => coroutines.map((each) => each.name));
  throw new Failure(
    `${file} has no coroutine ${name}\n(It has ${[...new Set(names)].join(", ")})`,
    ExitCode.Failed,
  );
}

/** @param width - of both columns; `null` for one below the other */
function sectionText(section: Section, source: string, style: Style, width: number | null): string {
  const lines = source.split("\n");
  const head = section.coroutines.map((each) => coroutineText(each, lines, style)).join("\n");
  const written = highlight(section.written, style);
  const compiled = highlight(section.compiled, style);
  if (width !== null) return `${head}\n\n${beside(written, compiled, style("gray", "│"), width)}`;
  const rule = (title: string): string => style("gray", `── ${title} ${"─".repeat(60 - title.length)}`);
  return `${head}\n\n${rule("written")}\n${written}\n\n${rule("compiled")}\n${compiled}`;
}

/** The states of a coroutine, a line for each: where it waits, and what lives on. */
function coroutineText(coroutine: CoroutineManifest, lines: readonly string[], style: Style): string {
  const { id, name, slots, states } = coroutine;
  const place = id.slice(0, id.lastIndexOf(":"));
  const size =
    states.length === 0 ? "never waits" : `${counted(states.length, "state")}, ${counted(slots, "slot")}`;
  const rows = states.map(({ state, line, live }) => [
    `state ${state}`,
    line > 0 ? `line ${line}` : "the end",
    (lines[line - 1] ?? "").trim(),
    live.length === 0 ? "nothing" : live.join(", "),
  ]);
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const table = rows.map(([state = "", line = "", text = "", live = ""]) => {
    const [a = 0, b = 0, c = 0] = widths;
    const code = `${highlight(text, style)}${" ".repeat(c - text.length)}`;
    return `  ${style("cyan", state.padEnd(a))}  ${style("gray", line.padEnd(b))}  ${code}  ${style("gray", "live:")} ${style("green", live)}`;
  });
  return [`${style("bold", name)}  ${style("gray", `${place}  ${size}`)}`, ...table].join("\n");
}
