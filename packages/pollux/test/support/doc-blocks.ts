/** A block of TypeScript in the documentation: in a Markdown file, or in a comment of a source file. */
export interface DocBlock {
  /** The file that it stands in, relative to the workspace. */
  readonly path: string;
  /** The line of its first line of code, from 1. */
  readonly line: number;
  readonly code: string;
  /** Whether it is run, or only type-checked: ` ```ts no-run `. */
  readonly runs: boolean;
}

const FENCE = /^(\s*)(`{3,})\s*(.*)$/;
const LANGUAGES = new Set(["ts", "typescript"]);

/**
 * The TypeScript blocks of a file: those of a Markdown file, or those in the block comments of a `.ts` file. Excerpts of
 * the sources (`docExcerpts`) are none of them.
 *
 * @throws SyntaxError for a block without an end, for a word after `ts` that means nothing, and for an `@example`
 *   without a block
 */
export function docBlocks(path: string, text: string): DocBlock[] {
  const lines = /\.(?:md|txt)$/.test(path) ? text.split("\n") : commentLines(text);
  const blocks: DocBlock[] = [];
  let example: number | undefined;
  for (let at = 0; at < lines.length; at++) {
    const where = `${path}:${at + 1}`;
    const line = lines[at];
    if (line === undefined || /^\s*@(?!example)\w/.test(line)) {
      if (example !== undefined)
        throw new SyntaxError(`${path}:${example}: an @example without a \`\`\`ts block`);
    } else if (/^\s*@example\b/.test(line)) example = at + 1;
    const fence = FENCE.exec(line ?? "");
    if (fence === null) continue;
    const [, indent = "", ticks = "", info = ""] = fence;
    const end = lines.findIndex((each, i) => i > at && (each === undefined || each.trim() === ticks));
    if (end < 0 || lines[end] === undefined) throw new SyntaxError(`${where}: this block has no end`);
    const [language = "", ...words] = info.trim().split(/\s+/);
    if (LANGUAGES.has(language)) {
      if (words.length === 1 && words[0]?.startsWith("excerpt=") === true) {
        at = end;
        continue;
      }
      const unknown = words.filter((word) => word !== "no-run");
      if (unknown.length > 0) throw new SyntaxError(`${where}: what does "${unknown.join(" ")}" mean here?`);
      const code = lines.slice(at + 1, end).map((each) => (each ?? "").slice(leading(each, indent)));
      blocks.push({ path, line: at + 2, code: code.join("\n"), runs: !words.includes("no-run") });
      example = undefined;
    }
    at = end;
  }
  return blocks;
}

/** How much of the fence's own indentation a line has too. */
function leading(line: string | undefined, indent: string): number {
  return line?.startsWith(indent) === true ? indent.length : 0;
}

/** What the block comments of a source say, line by line without their stars; `undefined` where there is no comment. */
function commentLines(source: string): (string | undefined)[] {
  let inside = false;
  return source.split("\n").map((line) => {
    if (!inside) {
      if (!/^\s*\/\*\*/.test(line)) return undefined;
      inside = !line.includes("*/");
      return line.replace(/^\s*\/\*\*/, "").replace(/\*\/.*$/, "");
    }
    // The line that closes the comment says nothing more: what was left open has no end.
    if (/^\s*\*\//.test(line)) {
      inside = false;
      return undefined;
    }
    return line.replace(/^\s*\* ?/, "");
  });
}
