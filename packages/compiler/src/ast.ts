import type {
  AnyNode,
  ArrowFunctionExpression,
  AssignmentExpression,
  AssignmentOperator,
  BinaryOperator,
  BlockStatement,
  CallExpression,
  Comment,
  Expression,
  ExpressionStatement,
  FunctionExpression,
  Identifier,
  IfStatement,
  Literal,
  MemberExpression,
  Pattern,
  Program,
  ReturnStatement,
  SpreadElement,
  Statement,
  Super,
  VariableDeclaration,
} from "acorn";

export type {
  AnyNode,
  ArrowFunctionExpression,
  BlockStatement,
  Comment,
  Expression,
  FunctionExpression,
  Identifier,
  Pattern,
  Program,
  Statement,
  VariableDeclaration,
};

export type AnyFunction = Extract<
  AnyNode,
  { type: "FunctionExpression" | "ArrowFunctionExpression" | "FunctionDeclaration" }
>;

export type Loop = Extract<
  AnyNode,
  { type: "WhileStatement" | "DoWhileStatement" | "ForStatement" | "ForInStatement" | "ForOfStatement" }
>;

/** A node that was made, not parsed: it has no place in the source unless it is given that of another one. */
const NOWHERE = { start: 0, end: 0 };

/** A node that stands for `at`: what is printed for it is mapped to the place of that. */
export function located<N extends AnyNode>(node: N, at: AnyNode | undefined): N {
  if (at === undefined) return node;
  if (node.end === 0) {
    node.start = at.start;
    node.end = at.end;
  }
  if (at.loc && !node.loc) node.loc = at.loc;
  return node;
}

export const b = {
  id: (name: string): Identifier => ({ type: "Identifier", name, ...NOWHERE }),
  literal: (value: string | number | boolean | null): Literal => ({ type: "Literal", value, ...NOWHERE }),
  undefined: (): Expression => ({
    type: "UnaryExpression",
    operator: "void",
    prefix: true,
    argument: b.literal(0),
    ...NOWHERE,
  }),
  this: (): Expression => ({ type: "ThisExpression", ...NOWHERE }),
  member: (object: Expression | Super, property: string): MemberExpression => ({
    type: "MemberExpression",
    object,
    property: b.id(property),
    computed: false,
    optional: false,
    ...NOWHERE,
  }),
  index: (object: Expression | Super, property: Expression): MemberExpression => ({
    type: "MemberExpression",
    object,
    property,
    computed: true,
    optional: false,
    ...NOWHERE,
  }),
  call: (callee: Expression, ...args: (Expression | SpreadElement)[]): CallExpression => ({
    type: "CallExpression",
    callee,
    arguments: args,
    optional: false,
    ...NOWHERE,
  }),
  new: (callee: Expression, ...args: Expression[]): Expression => ({
    type: "NewExpression",
    callee,
    arguments: args,
    ...NOWHERE,
  }),
  assign: (left: Pattern, right: Expression, operator: AssignmentOperator = "="): AssignmentExpression => ({
    type: "AssignmentExpression",
    operator,
    left,
    right,
    ...NOWHERE,
  }),
  binary: (left: Expression, operator: BinaryOperator, right: Expression): Expression => ({
    type: "BinaryExpression",
    left,
    operator,
    right,
    ...NOWHERE,
  }),
  not: (argument: Expression): Expression => ({
    type: "UnaryExpression",
    operator: "!",
    prefix: true,
    argument,
    ...NOWHERE,
  }),
  sequence: (expressions: Expression[]): Expression => {
    const [only] = expressions;
    return expressions.length === 1 && only !== undefined
      ? only
      : { type: "SequenceExpression", expressions, ...NOWHERE };
  },
  arrow: (params: Pattern[], body: Expression | BlockStatement): ArrowFunctionExpression => ({
    type: "ArrowFunctionExpression",
    id: null,
    params,
    body,
    expression: body.type !== "BlockStatement",
    generator: false,
    async: false,
    ...NOWHERE,
  }),
  function: (id: Identifier | null, params: Pattern[], body: Statement[]): FunctionExpression => ({
    type: "FunctionExpression",
    id,
    params,
    body: b.block(body),
    expression: false,
    generator: false,
    async: false,
    ...NOWHERE,
  }),
  statement: (expression: Expression): ExpressionStatement => ({
    type: "ExpressionStatement",
    expression,
    ...NOWHERE,
  }),
  block: (body: Statement[]): BlockStatement => ({ type: "BlockStatement", body, ...NOWHERE }),
  if: (test: Expression, consequent: Statement, alternate: Statement | null = null): IfStatement => ({
    type: "IfStatement",
    test,
    consequent,
    alternate,
    ...NOWHERE,
  }),
  return: (argument: Expression | null): ReturnStatement => ({
    type: "ReturnStatement",
    argument,
    ...NOWHERE,
  }),
  throw: (argument: Expression): Statement => ({ type: "ThrowStatement", argument, ...NOWHERE }),
  declare: (kind: "let" | "const" | "var", id: Pattern, init: Expression | null): VariableDeclaration => ({
    type: "VariableDeclaration",
    kind,
    declarations: [{ type: "VariableDeclarator", id, init, ...NOWHERE }],
    ...NOWHERE,
  }),
  object: (entries: [string, Expression][]): Expression => ({
    type: "ObjectExpression",
    properties: entries.map(([key, value]) => ({
      type: "Property",
      kind: "init",
      key: isIdentifierName(key) ? b.id(key) : b.literal(key),
      value,
      computed: false,
      method: false,
      shorthand: value.type === "Identifier" && value.name === key,
      ...NOWHERE,
    })),
    ...NOWHERE,
  }),
  continue: (label: string | null = null): Statement => ({
    type: "ContinueStatement",
    label: label === null ? null : b.id(label),
    ...NOWHERE,
  }),
} as const;

export function isIdentifierName(text: string): boolean {
  return /^[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*$/u.test(text);
}

function isNode(value: unknown): value is AnyNode {
  return typeof value === "object" && value !== null && typeof (value as Partial<AnyNode>).type === "string";
}

/** The fields of a node, by name. Nodes are plain objects; their types list the fields one by one. */
function fieldsOf(node: AnyNode): Record<string, unknown> {
  return node as unknown as Record<string, unknown>;
}

/** What is not a child: places, and what comes twice. */
const NO_CHILDREN = new Set(["type", "start", "end", "loc", "range"]);

/** The children of the nodes that there are most of, in the order of the source; others are looked through. */
const CHILDREN: ReadonlyMap<string, readonly string[]> = new Map([
  ...["Identifier", "Literal", "ThisExpression", "Super", "PrivateIdentifier", "TemplateElement"].map(
    (type): [string, string[]] => [type, []],
  ),
  ["MemberExpression", ["object", "property"]],
  ["CallExpression", ["callee", "arguments"]],
  ["NewExpression", ["callee", "arguments"]],
  ["BinaryExpression", ["left", "right"]],
  ["LogicalExpression", ["left", "right"]],
  ["AssignmentExpression", ["left", "right"]],
  ["AssignmentPattern", ["left", "right"]],
  ["UnaryExpression", ["argument"]],
  ["UpdateExpression", ["argument"]],
  ["AwaitExpression", ["argument"]],
  ["YieldExpression", ["argument"]],
  ["SpreadElement", ["argument"]],
  ["RestElement", ["argument"]],
  ["ReturnStatement", ["argument"]],
  ["ThrowStatement", ["argument"]],
  ["ConditionalExpression", ["test", "consequent", "alternate"]],
  ["IfStatement", ["test", "consequent", "alternate"]],
  ["SequenceExpression", ["expressions"]],
  ["ExpressionStatement", ["expression"]],
  ["VariableDeclaration", ["declarations"]],
  ["VariableDeclarator", ["id", "init"]],
  ["BlockStatement", ["body"]],
  ["ArrayExpression", ["elements"]],
  ["ArrayPattern", ["elements"]],
  ["ObjectExpression", ["properties"]],
  ["ObjectPattern", ["properties"]],
  ["SwitchCase", ["test", "consequent"]],
]);

/** Calls `visit` for each child, in the order of the source. */
export function eachChild(node: AnyNode, visit: (child: AnyNode) => void): void {
  const fields = fieldsOf(node);
  const keys = CHILDREN.get(node.type);
  if (keys !== undefined) {
    for (const key of keys) {
      const value = fields[key];
      if (Array.isArray(value)) {
        for (const each of value) if (isNode(each)) visit(each);
      } else if (isNode(value)) visit(value);
    }
    return;
  }
  const shorthand = node.type === "Property" && node.shorthand;
  for (const key in fields) {
    if (NO_CHILDREN.has(key) || (shorthand && key === "key")) continue;
    const value = fields[key];
    if (Array.isArray(value)) {
      for (const each of value) if (isNode(each)) visit(each);
    } else if (isNode(value)) visit(value);
  }
}

/** A copy of the node with each child replaced by what `map` gives for it; the node itself where nothing changed. */
export function mapChildren<N extends AnyNode>(node: N, map: (child: AnyNode) => AnyNode): N {
  const fields = fieldsOf(node);
  const shorthand = node.type === "Property" && node.shorthand;
  let copy: Record<string, unknown> | undefined;
  for (const key in fields) {
    if (NO_CHILDREN.has(key) || (shorthand && key === "key")) continue;
    const value = fields[key];
    let mapped: unknown = value;
    if (Array.isArray(value)) {
      const list = value.map((each) => (isNode(each) ? map(each) : (each as unknown)));
      if (list.some((each, i) => each !== value[i])) mapped = list;
    } else if (isNode(value)) mapped = map(value);
    if (mapped !== value) {
      copy ??= { ...fields };
      copy[key] = mapped;
    }
  }
  if (copy === undefined) return node;
  // A name that is no longer the key's has to be written out: `{ x }` becomes `{ x: x$1 }`.
  if (shorthand) copy["shorthand"] = false;
  // The same type with other children.
  return copy as unknown as N;
}

/** As {@link mapChildren}, for a map that gives the same kind of node. */
export function mapped<N extends AnyNode>(
  node: N | null | undefined,
  map: (node: AnyNode) => AnyNode,
): N | null {
  // `map` keeps what a node is: an expression stays an expression.
  return node ? (map(node) as N) : null;
}

export function isFunction(node: AnyNode): node is AnyFunction {
  return (
    node.type === "FunctionExpression" ||
    node.type === "ArrowFunctionExpression" ||
    node.type === "FunctionDeclaration"
  );
}

export function isLoop(node: AnyNode): node is Loop {
  switch (node.type) {
    case "WhileStatement":
    case "DoWhileStatement":
    case "ForStatement":
    case "ForInStatement":
    case "ForOfStatement":
      return true;
    default:
      return false;
  }
}

/** The names that a pattern binds or assigns, as the identifiers that stand there. */
export function namesIn(pattern: AnyNode, found: Identifier[] = []): Identifier[] {
  switch (pattern.type) {
    case "Identifier":
      found.push(pattern);
      break;
    case "ObjectPattern":
      for (const property of pattern.properties) {
        namesIn(property.type === "Property" ? property.value : property.argument, found);
      }
      break;
    case "ArrayPattern":
      for (const element of pattern.elements) if (element) namesIn(element, found);
      break;
    case "AssignmentPattern":
      namesIn(pattern.left, found);
      break;
    case "RestElement":
      namesIn(pattern.argument, found);
      break;
    default: // A member expression: it binds no name.
  }
  return found;
}

/** Every name that occurs, bound or free, as a property or a label. */
export function allNames(node: AnyNode, found: Set<string> = new Set()): Set<string> {
  if (node.type === "Identifier") found.add(node.name);
  eachChild(node, (child) => allNames(child, found));
  return found;
}

export function isUsing(node: AnyNode): node is VariableDeclaration {
  return node.type === "VariableDeclaration" && (node.kind === "using" || node.kind === "await using");
}

/**
 * Whether code of this function's own may suspend in it: an `await`, a `yield`, a loop or a declaration that awaits.
 * What is in functions inside of it does not count.
 */
export function suspends(node: AnyNode): boolean {
  if (node.type === "Identifier" || node.type === "Literal") return false; // Most nodes are: they are not worth a note.
  const known = suspending.get(node);
  if (known !== undefined) return known;
  let found = false;
  if (node.type === "AwaitExpression" || node.type === "YieldExpression") found = true;
  else if (node.type === "ForOfStatement" && node.await) found = true;
  else if (isUsing(node)) found = true;
  else if (!isFunction(node)) {
    eachChild(node, (child) => {
      if (
        !found &&
        child.type !== "StaticBlock" &&
        !(child.type === "PropertyDefinition" && !child.computed)
      ) {
        found = child.type === "PropertyDefinition" ? suspends(child.key) : suspends(child);
      }
    });
  }
  suspending.set(node, found);
  return found;
}

const suspending = new WeakMap<AnyNode, boolean>();
