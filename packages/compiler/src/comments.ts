import type { AnyNode } from "./ast.ts";

/** The comments that the compiler writes into the code. */
export class Comments {
  private readonly leading = new Map<AnyNode, string>();

  before(node: AnyNode, text: string): void {
    this.leading.set(node, oneLine(text));
  }

  leadingOf(node: AnyNode): string | undefined {
    return this.leading.get(node);
  }
}

function oneLine(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length > 100 ? `${line.slice(0, 99)}…` : line;
}
