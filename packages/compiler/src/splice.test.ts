import { describe, expect, test } from "vitest";
import { Splice, type Spot } from "./splice.ts";

const at = (offset: number, line: number, column: number): Spot => ({ offset, line, column });

describe("Splice", () => {
  test("keeps text to the letter, with a segment for each word and sign", () => {
    const splice = new Splice("a = b;\n  c();", null);
    splice.keep(at(0, 1, 0), at(13, 2, 6));
    expect(splice.code).toBe("a = b;\n  c();");
    expect(splice.lines).toEqual([
      [
        [0, 0, 0, 0],
        [2, 0, 0, 2],
        [4, 0, 0, 4],
        [5, 0, 0, 5],
      ],
      [
        [2, 0, 1, 2],
        [3, 0, 1, 3],
        [4, 0, 1, 4],
        [5, 0, 1, 5],
      ],
    ]);
  });

  test("maps what the map of the text maps, where there is one", () => {
    const splice = new Splice("one two three", [[[0], [4], [8]]]);
    splice.keep(at(4, 1, 4), at(13, 1, 13));
    expect(splice.code).toBe("two three");
    expect(splice.lines).toEqual([
      [
        [0, 0, 0, 4],
        [4, 0, 0, 8],
      ],
    ]);
  });

  test("moves the map of printed code to where that stands", () => {
    const splice = new Splice("a;b;c;", []);
    splice.keep(at(0, 1, 0), at(2, 1, 2));
    splice.put("x;\ny;", [[[0, 0, 0, 2]], [[1, 0, 0, 3]]]);
    splice.keep(at(4, 1, 4), at(6, 1, 6));
    expect(splice.code).toBe("a;x;\ny;c;");
    expect(splice.lines).toEqual([[[2, 0, 0, 2]], [[1, 0, 0, 3]]]);
  });
});
