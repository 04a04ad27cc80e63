import { relative } from "node:path";
import type { Diagnostic } from "@pollux/compiler";
import type { Style } from "./style.ts";

/** A diagnostic with its code frame, for a terminal. */
export function diagnosticText(diagnostic: Diagnostic, style: Style): string {
  const { file, line, column, severity, code, message, frame } = diagnostic;
  const color = severity === "error" ? "red" : "yellow";
  const place = style("bold", `${shortPath(file)}:${line}:${column}`);
  const lines = frame.split("\n").map((each) => frameLine(each, color, style));
  return `${place} ${style(color, severity)} ${style("gray", code)}\n${message}\n\n${lines.join("\n")}`;
}

function frameLine(line: string, color: "red" | "yellow", style: Style): string {
  const [, mark, number, text] = /^([> ])( *\d* \|)(.*)$/.exec(line) ?? [];
  if (mark === undefined || number === undefined || text === undefined) return line;
  const isMark = number.trim() === "|";
  return `${mark === ">" ? style(color, mark) : mark}${style("gray", number)}${isMark ? style(color, text) : text}`;
}

/** As a person would name the file here: relative to the working directory where it is below that. */
export function shortPath(path: string): string {
  const short = relative("", path);
  return short === "" || short.startsWith("..") ? path : short;
}
