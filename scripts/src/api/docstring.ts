/** A tag of a docstring: `@throws TypeError if …`. */
export interface DocTag {
  /** Without the `@`. */
  readonly name: string;
  /** What follows: up to the next tag, or to the next empty line unless it is an `@example`. */
  readonly text: string;
}

/** What the comment before a declaration says. */
export interface Docstring {
  /** Markdown. `{@link …}` is still in it. */
  readonly description: string;
  readonly tags: readonly DocTag[];
}

/**
 * Reads a block comment.
 *
 * An empty line ends a tag: what follows belongs to the description again, so that a docstring may close with its
 * source. An `@example` goes on to the next tag, its title being what stands in its own line.
 *
 * @param comment - with or without its delimiters and stars
 */
export function docstring(comment: string): Docstring {
  const description: string[] = [];
  const tags: { name: string; lines: string[] }[] = [];
  let into = description;
  let fenced = false;
  for (const line of textOf(comment)) {
    const [, name, rest = ""] = (fenced ? null : /^@(\w+)\s*(.*)$/.exec(line)) ?? [];
    if (/^\s*```/.test(line)) fenced = !fenced;
    if (name !== undefined) {
      into = [rest];
      tags.push({ name, lines: into });
    } else {
      if (line === "" && !fenced && tags.at(-1)?.name !== "example") into = description;
      into.push(line);
    }
  }
  return {
    description: join(description),
    tags: tags.map(({ name, lines }) => ({ name, text: join(lines) })),
  };
}

/** The lines of a comment, without delimiters and stars. */
function textOf(comment: string): string[] {
  return comment
    .replace(/^\s*\/?\*+/, "")
    .replace(/\*+\/\s*$/, "")
    .split("\n")
    .map((line, n) => (n === 0 ? line.trim() : line.replace(/^\s*\* ?/, "").trimEnd()));
}

function join(lines: readonly string[]): string {
  return lines
    .join("\n")
    .replaceAll(/\n{3,}/g, "\n\n")
    .trim();
}

/** The first sentence of a description, for a table. */
export function summary({ description }: Docstring): string {
  const [paragraph = ""] = description.split(/\n\n|\n- /);
  const text = paragraph.replaceAll("\n", " ");
  // A full stop inside of code, or after an abbreviation, is followed by no capital letter.
  const end = /[.:](?=\s+[A-Z`*{(]|$)/.exec(text);
  return end === null ? text : `${text.slice(0, end.index)}.`;
}
