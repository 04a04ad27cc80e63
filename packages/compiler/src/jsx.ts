import {
  type AnyNode,
  type Comment,
  type Expression,
  type Identifier,
  mapChildren,
  namesIn,
  suspends,
} from "./ast.ts";

type ArrayExpression = Extract<AnyNode, { type: "ArrayExpression" }>;

/** Text of an element as it was written, or the place of an operand: the number of it. */
export type JsxPart = string | { readonly operand: number; readonly as: "tag" | "expression" | "element" };

/**
 * JSX that stays JSX: to all passes it is a list of operands, in the order of their evaluation, and it is printed as the
 * text that stood around them.
 */
export interface JsxElement extends ArrayExpression {
  readonly jsx: readonly JsxPart[];
}

export function isJsxElement(node: AnyNode): node is JsxElement {
  return node.type === "ArrayExpression" && "jsx" in node;
}

/** The component that an element is made of: its first operand. An element of a lower-case name has none. */
export function tagOf(node: JsxElement): Expression | null {
  const hasTag = node.jsx.some((each) => typeof each === "object" && each.as === "tag");
  // A tag is no spread.
  return hasTag ? (node.elements[0] as Expression) : null;
}

/** Whether an expression can stand behind the `<` of an element, and means the same there. */
export function isTagName(node: AnyNode): boolean {
  switch (node.type) {
    case "Identifier":
      return !/^\p{Ll}/u.test(node.name);
    case "MemberExpression":
      return !node.computed && node.property.type === "Identifier" && isTagObject(node.object);
    default:
      return node.type === "ThisExpression";
  }
}

function isTagObject(node: AnyNode): boolean {
  return node.type === "Identifier" || isTagName(node);
}

// What `acorn-jsx` adds to the nodes of acorn's.
interface Located {
  readonly start: number;
  readonly end: number;
}
type TagName = Located &
  (
    | { readonly type: "JSXIdentifier"; readonly name: string }
    | { readonly type: "JSXMemberExpression"; readonly object: TagName; readonly property: TagName }
    | { readonly type: "JSXNamespacedName" }
  );
type Container = Located & {
  readonly type: "JSXExpressionContainer";
  readonly expression: Expression | (Located & { readonly type: "JSXEmptyExpression" });
};
type Attribute = Located &
  (
    | { readonly type: "JSXSpreadAttribute"; readonly argument: Expression }
    | { readonly type: "JSXAttribute"; readonly value: Child | null }
  );
type Child = Container | Parsed | (Located & { readonly type: "JSXText" | "Literal" });
type Parsed = Located & { readonly children: readonly Child[] } & (
    | { readonly type: "JSXFragment" }
    | {
        readonly type: "JSXElement";
        readonly openingElement: { readonly name: TagName; readonly attributes: readonly Attribute[] };
        readonly closingElement: { readonly name: TagName } | null;
      }
  );

/** Makes a {@link JsxElement} of each element in a tree that was parsed with `acorn-jsx`. */
export class JsxReader {
  private readonly code: string;
  private readonly texts: Located[] = [];

  private readonly refersTo: (name: string) => void;

  /** @param refersTo - is told of the names that tags refer to */
  constructor(code: string, refersTo: (name: string) => void) {
    this.code = code;
    this.refersTo = refersTo;
  }

  readonly read = (node: AnyNode): AnyNode => {
    // The types of acorn do not know what was added to it.
    const extended = node as AnyNode | Parsed;
    return extended.type === "JSXElement" || extended.type === "JSXFragment"
      ? this.element(extended)
      : mapChildren(node, this.read);
  };

  /** The comments that are not in the text of an element, which has its own. */
  others(comments: readonly Comment[]): Comment[] {
    return comments.filter(
      (comment) => !this.texts.some((text) => text.start <= comment.start && comment.end <= text.end),
    );
  }

  private element(parsed: Parsed): JsxElement {
    const jsx: JsxPart[] = [];
    const elements: Expression[] = [];
    let at = parsed.start;
    const textTo = (end: number): void => {
      this.texts.push({ start: at, end });
      jsx.push(this.code.slice(at, end));
    };
    const put = (place: Located, operand: number, as: "tag" | "expression" | "element"): void => {
      textTo(place.start);
      jsx.push({ operand, as });
      at = place.end;
    };
    const add = (place: Located, operand: AnyNode, as: "expression" | "element"): void => {
      // An expression stays one.
      put(place, elements.push(operand as Expression) - 1, as);
    };
    const child = (each: Child): void => {
      if (each.type === "JSXElement" || each.type === "JSXFragment") add(each, this.element(each), "element");
      else if (each.type === "JSXExpressionContainer" && each.expression.type !== "JSXEmptyExpression") {
        add(each.expression, this.read(each.expression), "expression");
      }
    };
    const spreads: number[] = [];
    const tag = parsed.type === "JSXElement" ? component(parsed.openingElement.name) : null;
    if (tag !== null) for (const { name } of namesIn(rootOf(tag))) this.refersTo(name);
    if (parsed.type === "JSXElement") {
      const { name, attributes } = parsed.openingElement;
      if (tag !== null) put(name, elements.push(tag) - 1, "tag");
      for (const each of attributes) {
        if (each.type === "JSXSpreadAttribute") {
          spreads.push(elements.length);
          add(each.argument, this.read(each.argument), "expression");
        } else if (each.value !== null) child(each.value);
      }
    }
    for (const each of parsed.children) child(each);
    if (parsed.type === "JSXElement" && parsed.closingElement !== null && tag !== null) {
      put(parsed.closingElement.name, 0, "tag");
    }
    textTo(parsed.end);
    for (const index of spreads) {
      // Properties are read where the spread stands: before what is waited for behind it.
      const argument = elements[index];
      if (argument !== undefined && elements.slice(index + 1).some(suspends))
        elements[index] = copyOf(argument);
    }
    return { type: "ArrayExpression", elements, jsx, start: parsed.start, end: parsed.end };
  }
}

/** What a tag refers to; `null` for a lower-case name, which means itself. */
function component(name: TagName): Expression | null {
  if (name.type === "JSXNamespacedName") return null;
  if (name.type === "JSXIdentifier" && name.name !== "this" && /^\p{Ll}|-/u.test(name.name)) return null;
  return reference(name);
}

function reference(name: TagName): Expression {
  const { start, end } = name;
  if (name.type === "JSXMemberExpression") {
    const property: Identifier = {
      type: "Identifier",
      name: name.property.type === "JSXIdentifier" ? name.property.name : "",
      start: name.property.start,
      end: name.property.end,
    };
    const object = reference(name.object);
    return { type: "MemberExpression", object, property, computed: false, optional: false, start, end };
  }
  const text = name.type === "JSXIdentifier" ? name.name : "";
  return text === "this"
    ? { type: "ThisExpression", start, end }
    : { type: "Identifier", name: text, start, end };
}

function rootOf(tag: Expression): AnyNode {
  return tag.type === "MemberExpression" ? rootOf(tag.object as Expression) : tag;
}

function copyOf(argument: Expression): Expression {
  const { start, end } = argument;
  const spread = { type: "SpreadElement" as const, argument, start, end };
  return { type: "ObjectExpression", properties: [spread], start, end };
}
