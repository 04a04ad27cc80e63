/** A part of a source file that a document shows: ` ```ts excerpt=task/task.ts `. */
export interface DocExcerpt {
  /** The document, relative to the workspace. */
  readonly path: string;
  /** The line of its fence, from 1. */
  readonly line: number;
  /** The source, relative to the package's `src`. */
  readonly source: string;
  /** Lines of the source, without indentation; a new piece begins where lines were left out. */
  readonly pieces: readonly (readonly string[])[];
}

/** Stands for lines that were left out. */
const GAP = /^(?:\/\/ )?…$/;

/**
 * The excerpts of a Markdown file. A line `// …` stands for lines of the source that are not shown.
 *
 * @throws SyntaxError for a block without an end
 */
export function docExcerpts(path: string, text: string): DocExcerpt[] {
  const lines = text.split("\n");
  const excerpts: DocExcerpt[] = [];
  for (let at = 0; at < lines.length; at++) {
    const [, source] = /^```ts excerpt=(\S+)$/.exec(lines[at] ?? "") ?? [];
    if (source === undefined) continue;
    const end = lines.indexOf("```", at + 1);
    if (end < 0) throw new SyntaxError(`${path}:${at + 1}: this block has no end`);
    const pieces: string[][] = [[]];
    for (const line of lines.slice(at + 1, end)) {
      if (GAP.test(line.trim())) pieces.push([]);
      else pieces.at(-1)?.push(line.trim());
    }
    excerpts.push({ path, line: at + 1, source, pieces: pieces.filter(({ length }) => length > 0) });
    at = end;
  }
  return excerpts;
}

/** What a source does not have of an excerpt: the first piece that is not there, after those before it. */
export function missingFrom(source: string, { pieces }: DocExcerpt): string | undefined {
  const lines = source.split("\n").map((line) => line.trim());
  let from = 0;
  for (const piece of pieces) {
    const at = lines.findIndex((_, n) => n >= from && piece.every((line, i) => lines[n + i] === line));
    if (at < 0) return piece.join("\n");
    from = at + piece.length;
  }
  return undefined;
}
