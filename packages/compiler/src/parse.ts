import { type Comment, type Node, type Options, Parser, type Program } from "acorn";
import jsxParser from "acorn-jsx";
import { CompileError, codeFrame } from "./diagnostics.ts";
import { JsxReader } from "./jsx.ts";

export interface Parsed {
  readonly program: Program;
  readonly comments: readonly Comment[];
  /** How often each name occurs, bound or free, as a property or a label. */
  readonly names: ReadonlyMap<string, number>;
}

/** A parser, with a method that its plugins know and its types do not. */
type Open = new (
  options: Options,
  input: string,
) => Parser & { parseIdentNode(): Node & { readonly name: string } };

/** Counts the names while it parses: they need not be looked for afterwards. */
class CountingParser extends (Parser as unknown as Open) {
  readonly names = new Map<string, number>();

  override parseIdentNode(): Node & { readonly name: string } {
    const node = super.parseIdentNode();
    count(this.names, node.name);
    return node;
  }
}

// It is the same class, with more methods.
const CountingJsxParser = jsxParser()(
  CountingParser as unknown as typeof Parser,
) as unknown as typeof CountingParser;

function count(names: Map<string, number>, name: string): void {
  names.set(name, (names.get(name) ?? 0) + 1);
}

/** What the text of an element has. */
const TAG_END = /<\/|\/>/;

/**
 * Parses JavaScript. Nodes have offsets, and no lines and columns.
 *
 * @param source - what was written, for errors
 * @param hasJsx - whether there may be JSX in it, in a file that is not named otherwise
 * @throws CompileError for what is no JavaScript
 */
export function parseModule(code: string, filename: string, source: string, hasJsx: boolean): Parsed {
  const comments: Comment[] = [];
  const isJsx = hasJsx && TAG_END.test(code) && !/\.[cm]?ts$/.test(filename);
  const options: Options = {
    ecmaVersion: "latest",
    sourceType: /\.c[jt]s$/.test(filename) ? "script" : "module",
    onComment: comments,
    allowHashBang: true,
  };
  try {
    const parser = new (isJsx ? CountingJsxParser : CountingParser)(options, code);
    const program = parser.parse();
    const { names } = parser;
    if (!isJsx) return { program, comments, names };
    const reader = new JsxReader(code, (name) => count(names, name));
    // A program stays one.
    return { program: reader.read(program) as Program, comments: reader.others(comments), names };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    // What acorn throws has the place.
    const { loc } = error as SyntaxError & { loc?: { line: number; column: number } };
    throw syntaxError(filename, source, error.message, loc?.line ?? 1, (loc?.column ?? 0) + 1);
  }
}

/** @param column - from 1, as the line */
export function syntaxError(
  file: string,
  source: string,
  message: string,
  line: number,
  column: number,
): CompileError {
  return new CompileError([
    {
      code: "POLLUX_COMPILE_SYNTAX",
      severity: "error",
      message,
      file,
      line,
      column,
      frame: codeFrame(source, line, column),
    },
  ]);
}
