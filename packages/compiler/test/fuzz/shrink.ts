import type { Piece } from "./program.ts";

/** What a piece may be replaced by: the smallest first. */
function replacements(piece: Piece): Piece[] {
  if (piece.kind === "list") {
    const { parts } = piece;
    const half = parts.length >> 1;
    const halves = half > 1 ? [parts.slice(0, half), parts.slice(half)] : [];
    return [[], ...halves, ...parts.map((_, i) => parts.toSpliced(i, 1))].map((each) => ({
      ...piece,
      parts: each,
    }));
  }
  const simplest = piece.kind === "expression" ? "1" : ";";
  if (piece.text === simplest) return [];
  const found: Piece[] = [{ kind: piece.kind, text: simplest, parts: [] }];
  for (const part of piece.parts) {
    if (part.kind === piece.kind) found.push(part);
    else if (piece.kind === "statement" && part.kind === "list") {
      found.push({ kind: "statement", text: "{\n$0\n}", parts: [part] });
    }
  }
  return found;
}

/** Makes a failing program as small as it gets while it still fails. */
export async function shrink(program: Piece, fails: (piece: Piece) => Promise<boolean>): Promise<Piece> {
  let best = program;
  const until = performance.now() + 30_000;
  const at = (path: readonly number[]): Piece | undefined =>
    path.reduce<Piece | undefined>((piece, i) => piece?.parts[i], best);
  const replaced = (piece: Piece, path: readonly number[], by: Piece): Piece => {
    const [first, ...rest] = path;
    const part = first === undefined ? undefined : piece.parts[first];
    if (first === undefined || part === undefined) return by;
    return { ...piece, parts: piece.parts.with(first, replaced(part, rest, by)) };
  };
  /** Shrinks one piece and then its parts; says whether anything became smaller. */
  const visit = async (path: readonly number[]): Promise<boolean> => {
    let isSmaller = false;
    for (let again = true; again; ) {
      again = false;
      const piece = at(path);
      for (const each of piece === undefined ? [] : replacements(piece)) {
        if (performance.now() > until) return false;
        const candidate = replaced(best, path, each);
        if (!(await fails(candidate))) continue;
        best = candidate;
        isSmaller = true;
        again = each.parts.length > 0;
        break;
      }
    }
    for (let i = 0; i < (at(path)?.parts.length ?? 0); i++) {
      if (await visit([...path, i])) isSmaller = true;
    }
    return isSmaller;
  };
  while (await visit([]));
  return best;
}
