import { type PrintOptions, print, type Visitors } from "esrap";
import ts from "esrap/languages/ts";
import { type AnyNode, b, type Comment, type Program } from "./ast.ts";
import type { Comments } from "./comments.ts";
import { isJsxElement, isTagName, type JsxElement, tagOf } from "./jsx.ts";
import type { Names } from "./names.ts";
import type { Segment } from "./splice.ts";

type Call = Extract<AnyNode, { type: "CallExpression" | "NewExpression" }>;
interface Context {
  write(text: string): void;
  visit(node: AnyNode): void;
}
type Visit = (node: AnyNode, context: Context) => void;

/** An assignment to a pattern as an argument: V8 takes `f({ x: g() }, [a] = b)` for a syntax error, and needs parentheses. */
function withParentheses(node: Call): Call {
  const isPattern = (each: AnyNode): boolean =>
    each.type === "AssignmentExpression" && /Pattern$/.test(each.left.type);
  if (!node.arguments.some(isPattern)) return node;
  const args = node.arguments.map((each) =>
    isPattern(each) ? { type: "ParenthesizedExpression", expression: each, start: 0, end: 0 } : each,
  );
  // Arguments as before, in parentheses.
  return { ...node, arguments: args as Call["arguments"] };
}

/** The expression at the very start of another one's text. */
function leftmost(node: AnyNode): AnyNode {
  switch (node.type) {
    case "BinaryExpression":
    case "LogicalExpression":
      return leftmost(node.left);
    case "AssignmentExpression":
      return leftmost(node.left);
    case "ConditionalExpression":
      return leftmost(node.test);
    case "MemberExpression":
      return leftmost(node.object);
    case "CallExpression":
      return leftmost(node.callee);
    case "TaggedTemplateExpression":
      return leftmost(node.tag);
    case "ChainExpression":
      return leftmost(node.expression);
    default:
      return node;
  }
}

type Arrow = Extract<AnyNode, { type: "ArrowFunctionExpression" }>;

/** An arrow function whose body would be taken for a block: `() => ({}).x`. */
function withBody(node: Arrow): Arrow {
  const { body } = node;
  if (
    body.type === "BlockStatement" ||
    body.type === "ObjectExpression" ||
    body.type === "SequenceExpression"
  )
    return node;
  if (!/^Object/.test(leftmost(body).type)) return node;
  const expression = { type: "ParenthesizedExpression" as const, expression: body, start: 0, end: 0 };
  return { ...node, body: expression };
}

export interface Printed {
  readonly code: string;
  /** A map of the code, decoded. */
  readonly mappings: readonly (readonly Segment[])[];
}

/** Writes statements of a program, with the comments in them, and those of the compiler. */
export class Printer {
  private readonly program: Program;
  private readonly comments: readonly Comment[];
  private readonly ours: Comments;

  private readonly names: Names;

  constructor(program: Program, comments: readonly Comment[], ours: Comments, names: Names) {
    this.program = program;
    this.comments = comments;
    this.ours = ours;
    this.names = names;
  }

  /** @param within - what the statements stand for: its comments are theirs */
  print(body: Program["body"], within: { readonly start: number; readonly end: number } | null): Printed {
    // In the order of the source.
    const comments = this.comments.filter(
      (each) => within !== null && each.start >= within.start && each.end <= within.end,
    );
    // Nodes and comments of acorn's are nodes and comments of esrap's: both follow ESTree.
    const base = ts({
      quotes: "double",
      comments: comments as never,
      getLeadingComments: (node) => {
        const text = this.ours.leadingOf(node as never);
        return text === undefined ? undefined : [{ type: "Line", value: ` ${text}` }];
      },
    }) as unknown as Record<string, Visit>;
    const visitors: Record<string, Visit> = {
      ...base,
      CallExpression: (node, context) => base["CallExpression"]?.(withParentheses(node as Call), context),
      ArrowFunctionExpression: (node, context) =>
        base["ArrowFunctionExpression"]?.(withBody(node as Arrow), context),
      ArrayExpression: (node, context) => {
        if (isJsxElement(node)) this.element(node, context);
        else base["ArrayExpression"]?.(node, context);
      },
      NewExpression: (node, context) => base["NewExpression"]?.(withParentheses(node as Call), context),
      ParenthesizedExpression: (node, context) => {
        context.write("(");
        context.visit((node as Extract<AnyNode, { type: "ParenthesizedExpression" }>).expression);
        context.write(")");
      },
    };
    const options: PrintOptions = { sourceMapEncodeMappings: false, indent: "  " };
    const printed = print({ ...this.program, body } as never, visitors as unknown as Visitors, options);
    // Not encoded, as was asked.
    return {
      code: printed.code,
      get mappings() {
        return printed.map.mappings as unknown as Printed["mappings"];
      },
    };
  }

  private element(node: JsxElement, context: Context): void {
    const tag = tagOf(node);
    if (tag !== null && !isTagName(tag)) {
      // It has become an expression that needs a name.
      const name = b.id(this.names.fresh("Tag"));
      const named = { ...node, elements: [name, ...node.elements.slice(1)] };
      context.visit(b.call(b.arrow([name], named), tag));
      return;
    }
    for (const part of node.jsx) {
      if (typeof part === "string") {
        context.write(part);
        continue;
      }
      const operand = node.elements[part.operand];
      if (!operand) continue;
      const isBare = part.as !== "element" || isJsxElement(operand);
      if (!isBare) context.write("{");
      context.visit(operand);
      if (!isBare) context.write("}");
    }
  }
}
