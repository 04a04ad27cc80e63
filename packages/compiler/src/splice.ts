/** A place of the output, and where it comes from: column; then source, line and column, all from 0. */
export type Segment = readonly [number] | readonly [number, number, number, number];

/** Where a part of a program's text begins or ends: an offset, its line from 1 and its column from 0. */
export interface Spot {
  readonly offset: number;
  readonly line: number;
  readonly column: number;
}

/**
 * Puts a program together from parts of its text that stay as they are and from code that is printed in place of others,
 * and keeps account of where everything comes from.
 */
export class Splice {
  readonly lines: Segment[][] = [[]];
  private readonly parts: string[] = [];
  private column = 0;
  private readonly source: string;
  /** Places of the source that are worth a segment, by line: those that its own map has. */
  private readonly known: readonly (readonly (readonly number[])[])[] | null;

  constructor(source: string, known: readonly (readonly (readonly number[])[])[] | null) {
    this.source = source;
    this.known = known;
  }

  get code(): string {
    return this.parts.join("");
  }

  /** A part of the text as it is. */
  keep(from: Spot, to: Spot): void {
    if (from.offset === to.offset) return;
    const texts = this.source.slice(from.offset, to.offset).split("\n");
    for (const [i, text] of texts.entries()) {
      if (i > 0) this.newLine();
      this.mapLine(text, from.line - 1 + i, i === 0 ? from.column : 0);
      this.write(text);
    }
  }

  /** Code that was printed for a part, or for nothing: its map, decoded. */
  put(code: string, mappings: readonly (readonly Segment[])[] = []): void {
    for (const [i, text] of code.split("\n").entries()) {
      if (i > 0) this.newLine();
      const line = this.lines.at(-1);
      for (const [column, ...origin] of mappings[i] ?? []) {
        line?.push([column + this.column, ...origin] as unknown as Segment);
      }
      this.write(text);
    }
  }

  private write(text: string): void {
    this.parts.push(text);
    this.column += text.length;
  }

  private newLine(): void {
    this.parts.push("\n");
    this.lines.push([]);
    this.column = 0;
  }

  /** @param column - where in its line the text begins */
  private mapLine(text: string, line: number, column: number): void {
    const segments = this.lines.at(-1);
    if (segments === undefined) return;
    const add = (at: number): void => {
      segments.push([this.column + at - column, 0, line, at]);
    };
    if (this.known === null) {
      for (const { index } of text.matchAll(/[\w$]+|[^\w\s$]/g)) add(column + index);
      return;
    }
    for (const [at = 0] of this.known[line] ?? []) {
      if (at >= column && at < column + text.length) add(at);
    }
  }
}
