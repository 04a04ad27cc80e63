import type { SourceMapInput } from "@jridgewell/remapping";
import remapping from "@jridgewell/remapping";

type Segment = readonly number[];

/** Finds where the code that was parsed stands in the source that was written. */
export class Positions {
  /** The map, decoded; `null` where the code is the source. */
  readonly lines: readonly (readonly Segment[])[] | null;
  /** What the map calls the source; `null` without one, or if it has several. */
  readonly source: string | null;

  constructor(map: SourceMapInput | null) {
    const decoded = map === null ? null : remapping(map, () => null, { decodedMappings: true });
    // Decoded on demand: `mappings` is then a list of lines, each of segments.
    this.lines = decoded === null ? null : (decoded.mappings as readonly (readonly Segment[])[]);
    this.source = decoded?.sources.length === 1 ? (decoded.sources[0] ?? null) : null;
  }

  /** @returns the line from 1 and the column from 0, as given */
  original(line: number, column: number): { readonly line: number; readonly column: number } {
    if (this.lines === null) return { line, column };
    const segments = this.lines[line - 1] ?? [];
    let best: Segment | undefined;
    for (const segment of segments) if ((segment[0] ?? 0) <= column && segment.length >= 4) best = segment;
    best ??= segments.find((each) => each.length >= 4);
    const [, , originalLine, originalColumn] = best ?? [];
    if (originalLine === undefined || originalColumn === undefined) return { line, column };
    return { line: originalLine + 1, column: originalColumn };
  }
}
