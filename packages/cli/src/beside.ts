import { stripVTControlCharacters } from "node:util";

/** Two texts as columns with a rule between them, each line cut to its half. Colours take no room, and tabs two places. */
export function beside(left: string, right: string, rule: string, width: number): string {
  const rows = [left, right].map((each) => each.replaceAll("\t", "  ").split("\n"));
  const [lefts = [], rights = []] = rows;
  const longest = Math.max(...lefts.map(lengthOf));
  const column = Math.min(longest, Math.floor((width - 3) / 2));
  const room = width - 3 - column;
  return Array.from({ length: Math.max(lefts.length, rights.length) }, (_, i) => {
    const text = cut(lefts[i] ?? "", column);
    const padding = " ".repeat(column - lengthOf(text));
    return `${text}${padding} ${rule} ${cut(rights[i] ?? "", room)}`.trimEnd();
  }).join("\n");
}

function lengthOf(text: string): number {
  return stripVTControlCharacters(text).length;
}

/** A line that is too long loses its colours with its end. */
function cut(line: string, room: number): string {
  return lengthOf(line) <= room ? line : `${stripVTControlCharacters(line).slice(0, room - 1)}…`;
}
