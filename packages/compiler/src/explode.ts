import {
  type AnyNode,
  b,
  type Expression,
  eachChild,
  isFunction,
  located,
  mapChildren,
  namesIn,
  type Pattern,
  type Statement,
  suspends,
} from "./ast.ts";
import type { Builder } from "./builder.ts";
import type { Form } from "./form.ts";
import type { Block } from "./graph.ts";
import { isJsxElement, tagOf } from "./jsx.ts";

type Argument = Extract<AnyNode, { type: "CallExpression" }>["arguments"][number];

/**
 * Takes expressions apart where they suspend. What is evaluated before a suspend and used after it is saved, in the order
 * of evaluation; what is left is an expression without a suspend, to be used at once.
 */
export class Expressions {
  private readonly to: Builder;
  private readonly form: Form;
  /** Lowers statements: a pattern with an `await` in it becomes some. */
  private readonly lower: (statement: Statement) => void;

  constructor(to: Builder, form: Form, lower: (statement: Statement) => void) {
    this.to = to;
    this.form = form;
    this.lower = lower;
  }

  /** @param wanted - unset where the value is thrown away */
  readonly take = (node: Expression, wanted = true): Expression => {
    if (!suspends(node)) return node;
    switch (node.type) {
      case "AwaitExpression":
        return this.to.await(this.form.await(this.operand(node.argument)), node);
      case "YieldExpression":
        return this.yield(node);
      case "SequenceExpression": {
        const last = node.expressions.at(-1);
        for (const each of node.expressions.slice(0, -1)) this.effect(each);
        return last === undefined ? node : this.take(last, wanted);
      }
      case "ConditionalExpression":
        return this.conditional(node, wanted);
      case "LogicalExpression":
        return this.logical(node, wanted);
      case "BinaryExpression": {
        const [left, right] = this.operands([node.left as Expression, node.right]);
        if (left === undefined || right === undefined) return node;
        return { ...node, left, right };
      }
      case "UnaryExpression":
        return this.unary(node);
      case "UpdateExpression":
        return { ...node, argument: this.reference(node.argument, []) as Expression };
      case "AssignmentExpression":
        return this.assignment(node);
      case "MemberExpression":
        return this.reference(node, []) as Expression;
      case "ChainExpression":
        return this.chain(node.expression);
      case "CallExpression":
        return this.callExpression(node, null);
      case "NewExpression": {
        const [callee, ...args] = this.operands([node.callee, ...node.arguments]);
        if (callee === undefined) return node;
        // Operands stay operands: a spread is one where it was one.
        return { ...node, callee: callee as Expression, arguments: args as Argument[] };
      }
      case "TemplateLiteral":
        return this.template(node);
      case "TaggedTemplateExpression":
        return this.tagged(node);
      case "ArrayExpression": {
        const tag = isJsxElement(node) ? tagOf(node) : null;
        const elements = this.operands(node.elements, tag) as typeof node.elements;
        return { ...node, elements };
      }
      case "ObjectExpression":
        return this.object(node);
      case "ImportExpression": {
        const options = node.options ?? null;
        const [source, second] = this.operands(options === null ? [node.source] : [node.source, options]);
        return {
          ...node,
          source: source as Expression,
          ...(second ? { options: second as Expression } : {}),
        };
      }
      case "ClassExpression":
        return this.class(node);
      default:
        return mapChildren(node, (child) => this.take(child as Expression));
    }
  };

  effect(node: Expression): void {
    const rest = this.take(node, false);
    const isDone =
      rest.type === "Identifier" && (rest.name === this.to.machine.value || this.to.locals.has(rest));
    if (!isDone || !suspends(node)) this.to.push(located(b.statement(rest), node));
  }

  private operand(node: Expression): Expression {
    return this.take(node);
  }

  private yield(node: Extract<Expression, { type: "YieldExpression" }>): Expression {
    const argument = node.argument ? this.take(node.argument) : b.undefined();
    const call = this.form.yield(argument, node.delegate);
    return call.suspends ? this.to.await(call.expression, node) : located(call.expression, node);
  }

  /**
   * Operands in their order of evaluation. Those before the last suspend are saved, unless nothing that happens
   * meanwhile can change them.
   *
   * @param tag - what JSX takes for a component: the name of a variable for it has a capital
   */
  operands<N extends AnyNode | null>(nodes: readonly N[], tag: AnyNode | null = null): (N | Expression)[] {
    const last = nodes.findLastIndex((each) => each !== null && suspends(each));
    return nodes.map((node, i) => {
      if (node === null || i > last) return node;
      if (node.type === "SpreadElement") {
        const argument = this.take(node.argument);
        if (i === last) return { ...node, argument };
        const array = this.to.save(arrayOf(argument));
        return { ...node, argument: array };
      }
      // What is not a spread here is an expression.
      const expression = node as Expression;
      if (i === last) return this.take(expression);
      return this.settled(expression, nodes.slice(i + 1), node === tag ? "Tag" : "temp");
    });
  }

  /** The value that an expression has now, to be used after `later` has been evaluated. */
  private settled(node: Expression, later: readonly (AnyNode | null)[], base = "temp"): Expression {
    const value = this.take(node);
    return this.isStable(value, later) ? value : this.to.save(value, base);
  }

  private isStable(node: AnyNode, later: readonly (AnyNode | null)[]): boolean {
    switch (node.type) {
      case "Literal":
      case "ThisExpression":
      case "Super":
      case "PrivateIdentifier":
        return true;
      case "FunctionExpression":
      case "ArrowFunctionExpression":
        return true;
      case "UnaryExpression":
        return (node.operator === "void" || node.operator === "-") && node.argument.type === "Literal";
      case "Identifier":
        if (this.to.names.isRuntime(node.name)) return true;
        return this.to.locals.has(node) && !later.some((each) => each !== null && assigns(each, node.name));
      default:
        return false;
    }
  }

  private conditional(
    node: Extract<Expression, { type: "ConditionalExpression" }>,
    wanted: boolean,
  ): Expression {
    const { to } = this;
    const test = this.take(node.test);
    const yes = to.newBlock();
    const no = to.newBlock();
    const after = to.newBlock();
    const result = wanted ? to.temp() : null;
    to.branch(test, yes, no);
    for (const [block, value] of [
      [yes, node.consequent],
      [no, node.alternate],
    ] as const) {
      to.start(block);
      if (result === null) this.effect(value);
      else to.assign(result, this.take(value), value);
      to.jump(after);
    }
    to.start(after);
    return result === null ? to.value() : to.locals.use(result);
  }

  private logical(node: Extract<Expression, { type: "LogicalExpression" }>, wanted: boolean): Expression {
    const { to } = this;
    const right = to.newBlock();
    const after = to.newBlock();
    if (!wanted) {
      const [yes, no] = node.operator === "||" ? [after, right] : [right, after];
      const left = this.take(node.left);
      if (node.operator === "??") to.branch(isNullish(left), right, after);
      else to.branch(left, yes, no);
      to.start(right);
      this.effect(node.right);
      to.start(after);
      return to.value();
    }
    const result = to.temp();
    to.assign(result, this.take(node.left), node.left);
    this.shortCircuit(node.operator, to.locals.use(result), right, after);
    to.start(right);
    to.assign(result, this.take(node.right), node.right);
    to.start(after);
    return to.locals.use(result);
  }

  /** Goes to `right` where the operator evaluates its right side. */
  private shortCircuit(operator: string, left: Expression, right: Block, after: Block): void {
    if (operator.startsWith("&&")) this.to.branch(left, right, after);
    else if (operator.startsWith("||")) this.to.branch(left, after, right);
    else this.to.branch(isNullish(left), right, after);
  }

  private unary(node: Extract<Expression, { type: "UnaryExpression" }>): Expression {
    if (node.operator !== "delete") return { ...node, argument: this.take(node.argument) };
    if (node.argument.type === "ChainExpression") {
      return this.chain(node.argument.expression, (value) => ({ ...node, argument: value }), b.literal(true));
    }
    if (node.argument.type !== "MemberExpression") return { ...node, argument: this.take(node.argument) };
    return { ...node, argument: this.reference(node.argument, []) as Expression };
  }

  /** A place to read or assign, its parts evaluated; they hold until `later` has been evaluated. */
  private reference(node: AnyNode, later: readonly (AnyNode | null)[]): AnyNode {
    if (node.type !== "MemberExpression") return node;
    const property = node.computed ? node.property : null;
    const rest = property === null ? later : [property, ...later];
    const waits = rest.some((each) => each !== null && suspends(each));
    const object =
      node.object.type === "Super"
        ? node.object
        : waits
          ? this.settled(node.object, rest)
          : this.take(node.object);
    if (property === null) return { ...node, object };
    const waitsLater = later.some((each) => each !== null && suspends(each));
    // A computed property is an expression.
    const key = property as Expression;
    return { ...node, object, property: waitsLater ? this.settled(key, later) : this.take(key) };
  }

  private assignment(node: Extract<Expression, { type: "AssignmentExpression" }>): Expression {
    const { to } = this;
    if (node.left.type !== "Identifier" && node.left.type !== "MemberExpression") {
      const value = suspends(node.left) ? this.saved(node.right) : this.take(node.right);
      if (!suspends(node.left)) return { ...node, right: value };
      for (const each of this.destructure(node.left, value)) this.lower(each);
      return value;
    }
    const { operator } = node;
    const target = this.reference(node.left, [node.right]) as typeof node.left;
    if (operator === "=") return { ...node, left: target, right: this.take(node.right) };
    const isLogical = operator === "&&=" || operator === "||=" || operator === "??=";
    if (isLogical && suspends(node.right)) {
      const result = to.temp();
      const right = to.newBlock();
      const after = to.newBlock();
      to.assign(result, target as Expression, node.left);
      this.shortCircuit(operator, to.locals.use(result), right, after);
      to.start(right);
      to.assign(result, { ...node, operator: "=", left: target, right: this.take(node.right) }, node);
      to.start(after);
      return to.locals.use(result);
    }
    if (!suspends(node.right) || this.isStable(target, [node.right])) {
      return { ...node, left: target, right: this.take(node.right) };
    }
    const before = to.save(target as Expression);
    // `a += b` is `a = a + b` with the place evaluated once.
    const binary = operator.slice(0, -1) as Parameters<typeof b.binary>[1];
    return {
      ...node,
      operator: "=",
      left: target,
      right: located(b.binary(before, binary, this.take(node.right)), node),
    };
  }

  private saved(node: Expression): Expression {
    const value = this.take(node);
    return this.isStable(value, []) && value.type === "Identifier" ? value : this.to.save(value);
  }

  /** @param exit - where to go when an optional link of the chain ends it */
  private callExpression(
    node: Extract<Expression, { type: "CallExpression" }>,
    exit: Block | null,
  ): Expression {
    const { to } = this;
    const { callee } = node;
    const waits = node.arguments.some(suspends);
    const link = (value: Expression): Expression =>
      node.optional && exit !== null ? this.link(value, exit) : value;
    if (callee.type === "Super") {
      return { ...node, arguments: this.operands(node.arguments) as Argument[] };
    }
    if (callee.type !== "MemberExpression") {
      let fn = exit === null ? this.take(callee) : this.part(callee, exit);
      if (node.optional) fn = link(fn);
      else if (waits && !this.isStable(fn, node.arguments)) fn = to.save(fn, "fn");
      return { ...node, optional: false, callee: fn, arguments: this.operands(node.arguments) as Argument[] };
    }
    const isSuper = callee.object.type === "Super";
    let object = isSuper
      ? callee.object
      : exit === null
        ? this.take(callee.object as Expression)
        : this.part(callee.object as Expression, exit);
    if (callee.optional && exit !== null) object = this.link(object as Expression, exit);
    const property = callee.computed ? (callee.property as Expression) : null;
    const needsObject = waits || node.optional || (property !== null && suspends(property));
    if (needsObject && !isSuper && !this.isStable(object, [property, ...node.arguments])) {
      object = to.save(object as Expression, "object");
    }
    const method: Expression = {
      ...callee,
      optional: false,
      object,
      property: property === null ? callee.property : this.take(property),
    };
    if (!waits && !node.optional) {
      return { ...node, optional: false, callee: method, arguments: node.arguments };
    }
    let fn: Expression = to.save(method, "fn");
    if (node.optional) fn = link(fn);
    const args = this.operands(node.arguments) as Argument[];
    const self = isSuper ? b.this() : (object as Expression);
    return located(b.call(to.names.runtime("call"), fn, self, ...args), node);
  }

  /** Saves a link of an optional chain, and ends the chain if there is nothing. */
  private link(value: Expression, exit: Block): Expression {
    const saved = this.isStable(value, []) ? value : this.to.save(value, "object");
    const next = this.to.newBlock();
    this.to.branch(isNullish(saved), exit, next);
    this.to.start(next);
    return saved;
  }

  private chain(
    node: Expression,
    finish: (value: Expression) => Expression = (value) => value,
    nothing: Expression = b.undefined(),
  ): Expression {
    const { to } = this;
    const exit = to.newBlock();
    const after = to.newBlock();
    const result = to.temp();
    to.assign(result, finish(this.part(node, exit)), node);
    to.jump(after);
    to.start(exit);
    to.assign(result, nothing, node);
    to.start(after);
    return to.locals.use(result);
  }

  /** A part of an optional chain. */
  private part(node: Expression, exit: Block): Expression {
    if (node.type === "CallExpression") return this.callExpression(node, exit);
    if (node.type !== "MemberExpression") return this.take(node);
    if (node.object.type === "Super") return this.take(node);
    let object = this.part(node.object, exit);
    if (node.optional) object = this.link(object, exit);
    if (!node.computed) return { ...node, optional: false, object };
    const property = node.property as Expression;
    if (suspends(property) && !this.isStable(object, [property])) object = this.to.save(object, "object");
    return { ...node, optional: false, object, property: this.take(property) };
  }

  private template(node: Extract<Expression, { type: "TemplateLiteral" }>): Expression {
    const last = node.expressions.findLastIndex(suspends);
    const pieces: Expression[] = [];
    for (const [i, each] of node.expressions.entries()) {
      if (i > last) pieces.push(each);
      else if (i === last) pieces.push(this.take(each));
      else if (each.type === "Literal") pieces.push(each);
      // Each is made a string before the next one is evaluated.
      else pieces.push(this.to.save(this.stringOf(this.take(each))));
    }
    return { ...node, expressions: pieces };
  }

  private stringOf(value: Expression): Expression {
    const quasi = (tail: boolean): Extract<AnyNode, { type: "TemplateElement" }> => ({
      type: "TemplateElement",
      value: { raw: "", cooked: "" },
      tail,
      start: 0,
      end: 0,
    });
    return {
      type: "TemplateLiteral",
      quasis: [quasi(false), quasi(true)],
      expressions: [value],
      start: 0,
      end: 0,
    };
  }

  private tagged(node: Extract<Expression, { type: "TaggedTemplateExpression" }>): Expression {
    const { tag } = node;
    const { expressions } = node.quasi;
    if (!expressions.some(suspends)) return { ...node, tag: this.take(tag) };
    let fn: Expression;
    if (tag.type === "MemberExpression") {
      const member = this.reference(tag, expressions) as Extract<Expression, { type: "MemberExpression" }>;
      let object: Expression = member.object.type === "Super" ? b.this() : member.object;
      if (member.object.type !== "Super" && !this.isStable(object, expressions))
        object = this.to.save(object);
      const method = member.object.type === "Super" ? member : { ...member, object };
      fn = this.to.save(this.to.names.callRuntime("bound", method, object), "fn");
    } else fn = this.settled(tag, expressions);
    const values = this.operands(expressions) as Expression[];
    return { ...node, tag: fn, quasi: { ...node.quasi, expressions: values } };
  }

  private object(node: Extract<Expression, { type: "ObjectExpression" }>): Expression {
    const last = node.properties.findLastIndex(suspends);
    const properties = node.properties.map((property, i) => {
      if (i > last) return property;
      if (property.type === "SpreadElement") {
        const argument = this.take(property.argument);
        if (i === last) return { ...property, argument };
        const copy = this.to.save({ ...node, properties: [{ ...property, argument }] });
        return { ...property, argument: copy };
      }
      const later = node.properties.slice(i + 1);
      let { key } = property;
      if (property.computed) {
        const rest = [property.value, ...later];
        if (rest.some(suspends)) {
          // A key is made a string, or found to be a symbol, when it is evaluated.
          const value = this.take(key);
          key =
            value.type === "Literal"
              ? value
              : this.to.save(this.to.names.callRuntime("propertyKey", value), "key");
        } else key = this.take(key);
      }
      if (property.kind !== "init" || property.method) return { ...property, key };
      const value = i < last ? this.settled(property.value, later) : this.take(property.value);
      return { ...property, key, value, shorthand: property.shorthand && value === property.value };
    });
    return { ...node, properties };
  }

  private class(node: Extract<Expression, { type: "ClassExpression" }>): Expression {
    const keys = node.body.body.filter((each) => each.type !== "StaticBlock" && each.computed);
    const superClass = node.superClass
      ? keys.some(suspends)
        ? this.settled(node.superClass, keys)
        : this.take(node.superClass)
      : null;
    const body = node.body.body.map((each) => {
      if (each.type === "StaticBlock" || !each.computed || !keys.some(suspends)) return each;
      const value = this.take(each.key as Expression);
      return { ...each, key: this.to.save(this.to.names.callRuntime("propertyKey", value), "key") };
    });
    return { ...node, superClass, body: { ...node.body, body } };
  }

  /** The statements that assign the parts of `value`, which is to be evaluated once, to the targets of a pattern. */
  destructure(pattern: Pattern, value: Expression): Statement[] {
    const { to } = this;
    switch (pattern.type) {
      case "AssignmentPattern": {
        const given = to.temp();
        return [
          b.statement(b.assign(to.locals.use(given), value)),
          b.if(
            b.binary(to.locals.use(given), "===", b.undefined()),
            b.statement(b.assign(to.locals.use(given), pattern.right)),
          ),
          ...this.destructure(pattern.left, to.locals.use(given)),
        ];
      }
      case "ObjectPattern":
        return this.destructureObject(pattern, value);
      case "ArrayPattern":
        return this.destructureArray(pattern, value);
      default:
        return [located(b.statement(located(b.assign(pattern, value), pattern)), pattern)];
    }
  }

  private destructureObject(
    pattern: Extract<Pattern, { type: "ObjectPattern" }>,
    value: Expression,
  ): Statement[] {
    const { to } = this;
    const source = to.temp("source");
    const statements: Statement[] = [
      b.statement(b.assign(to.locals.use(source), value)),
      // Throws for `null` and `undefined`, as the pattern does.
      b.statement(b.assign({ ...pattern, properties: [] }, to.locals.use(source))),
    ];
    const hasRest = pattern.properties.some((each) => each.type === "RestElement");
    const keys: Expression[] = [];
    for (const each of pattern.properties) {
      if (each.type === "RestElement") {
        const rest = to.names.callRuntime("restOf", to.locals.use(source), ...keys);
        statements.push(...this.place(each.argument, () => rest));
        continue;
      }
      let key: Expression = each.computed
        ? each.key
        : each.key.type === "Identifier"
          ? b.literal(each.key.name)
          : each.key;
      if (each.computed && key.type !== "Literal") {
        const saved = to.temp("key");
        statements.push(
          b.statement(b.assign(to.locals.use(saved), to.names.callRuntime("propertyKey", key))),
        );
        key = to.locals.use(saved);
      }
      if (hasRest) keys.push(key);
      statements.push(...this.place(each.value, () => b.index(to.locals.use(source), key)));
    }
    return statements;
  }

  private destructureArray(
    pattern: Extract<Pattern, { type: "ArrayPattern" }>,
    value: Expression,
  ): Statement[] {
    const { to } = this;
    const items = to.temp("items");
    const error = to.temp("error");
    const method = (name: string): Expression => b.call(b.member(to.locals.use(items), name));
    const body: Statement[] = [];
    for (const element of pattern.elements) {
      if (element === null) body.push(b.statement(method("step")));
      else if (element.type === "RestElement")
        body.push(...this.place(element.argument, () => method("rest")));
      else body.push(...this.place(element, () => method("step")));
    }
    return [
      b.statement(b.assign(to.locals.use(items), b.new(to.names.runtime("Iteration"), value))),
      {
        type: "TryStatement",
        block: b.block(body),
        handler: {
          type: "CatchClause",
          param: to.locals.use(error),
          body: b.block([b.statement(method("fail")), b.throw(to.locals.use(error))]),
          start: 0,
          end: 0,
        },
        finalizer: b.block([b.statement(method("close"))]),
        start: 0,
        end: 0,
      },
    ];
  }

  /** One target of a pattern: where it is an object's property, the object comes before the value. */
  private place(pattern: Pattern, value: () => Expression): Statement[] {
    const { to } = this;
    const target = pattern.type === "AssignmentPattern" ? pattern.left : pattern;
    if (target.type !== "MemberExpression" || target.object.type === "Super")
      return this.destructure(pattern, value());
    const object = to.temp("object");
    const statements: Statement[] = [b.statement(b.assign(to.locals.use(object), target.object))];
    let place: Pattern = { ...target, object: to.locals.use(object) };
    if (target.computed) {
      const key = to.temp("key");
      statements.push(b.statement(b.assign(to.locals.use(key), target.property as Expression)));
      place = { ...place, property: to.locals.use(key) };
    }
    const rest = pattern.type === "AssignmentPattern" ? { ...pattern, left: place } : place;
    return [...statements, ...this.destructure(rest, value())];
  }
}

function isNullish(value: Expression): Expression {
  return b.binary(value, "==", b.literal(null));
}

function arrayOf(argument: Expression): Expression {
  return {
    type: "ArrayExpression",
    elements: [{ type: "SpreadElement", argument, start: 0, end: 0 }],
    start: 0,
    end: 0,
  };
}

/** Whether evaluating a node may assign a variable of the generated function; what closures assign is in records. */
function assigns(node: AnyNode, name: string): boolean {
  if (isFunction(node)) return false;
  if (node.type === "AssignmentExpression" && namesIn(node.left).some((each) => each.name === name))
    return true;
  if (node.type === "UpdateExpression" && node.argument.type === "Identifier" && node.argument.name === name)
    return true;
  let found = false;
  eachChild(node, (child) => {
    found ||= assigns(child, name);
  });
  return found;
}
