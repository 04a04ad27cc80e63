import { type AnyNode, eachChild } from "./ast.ts";
import type { Spot } from "./splice.ts";

/** The lines of a text, to find offsets in. Nodes are parsed without their places, since only those of coroutines need them. */
export class Lines {
  private readonly starts: number[] = [0];

  constructor(text: string) {
    for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) this.starts.push(at + 1);
  }

  /** The line, from 1, and the column, from 0, of an offset. */
  spot(offset: number): Spot {
    let low = 0;
    let high = this.starts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.starts[middle] ?? 0) <= offset) low = middle + 1;
      else high = middle;
    }
    return { offset, line: low, column: offset - (this.starts[low - 1] ?? 0) };
  }

  /** Gives a node, and all nodes in it, what the parser would have given them as `loc`. */
  locate(node: AnyNode): void {
    const visit = (each: AnyNode): void => {
      each.loc = { start: this.spot(each.start), end: this.spot(each.end) };
      eachChild(each, visit);
      // It comes twice in the tree, and is looked at once.
      if (each.type === "Property" && each.shorthand) each.key.loc ??= each.loc;
    };
    visit(node);
  }
}
