import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type ESTree, parseSync } from "rolldown/utils";
import { type Docstring, docstring } from "./docstring.ts";

/*
 * The public symbols of the package, read from its sources: what `index.ts` exports, with the signatures as they are
 * written. With `isolatedDeclarations` every exported signature is spelled out there, so that no compiler need infer it.
 *
 * Generators such as TypeDoc ask the compiler, by an API in JavaScript that TypeScript 7 no longer has.
 */

/** A method, property or constructor of a class or interface. */
export interface ApiMember {
  readonly name: string;
  readonly kind: "constructor" | "method" | "property";
  readonly isStatic: boolean;
  readonly overrides: boolean;
  /** One for each overload. */
  readonly signatures: readonly string[];
  readonly doc: Docstring | null;
  /** Of a method: the type that it returns. */
  readonly returns: string;
}

/** What `index.ts` exports under one name: a value, a type, or both. */
export interface ApiSymbol {
  readonly name: string;
  readonly kind: "class" | "const" | "function" | "interface" | "type";
  /** Relative to the folder of `index.ts`. */
  readonly path: string;
  readonly line: number;
  readonly signatures: readonly string[];
  readonly doc: Docstring | null;
  readonly members: readonly ApiMember[];
  /** Of a function: the type that it returns. */
  readonly returns: string;
}

/** A parsed source file. */
interface Source {
  readonly path: string;
  readonly text: string;
  readonly program: ESTree.Program;
  readonly comments: ReturnType<typeof parseSync>["comments"];
}

/** A declaration at the top of a file, with where its docstring ends. */
interface Declared {
  readonly source: Source;
  readonly start: number;
  readonly node: ESTree.Declaration;
}

/**
 * Reads the exports of `src/index.ts` below a package's folder, sorted by name.
 *
 * @throws SyntaxError if a source does not parse
 * @throws Error if a name that is exported is declared nowhere
 */
export function readApi(src: string): ApiSymbol[] {
  const reader = new Reader(src);
  const exported = reader.exportsOf("index.ts");
  return [...exported]
    .map(([name, path]) => reader.symbol(name, path, new Set(exported.keys())))
    .sort((a, b) => compare(a.name, b.name));
}

/** Alphabetical, whatever the case and the locale. */
export function compare(a: string, b: string): number {
  const [x, y] = [a.toLowerCase(), b.toLowerCase()];
  return x < y ? -1 : x > y ? 1 : a < b ? -1 : a > b ? 1 : 0;
}

class Reader {
  readonly #src: string;
  readonly #sources = new Map<string, Source>();

  constructor(src: string) {
    this.#src = src;
  }

  #source(path: string): Source {
    const known = this.#sources.get(path);
    if (known !== undefined) return known;
    const text = readFileSync(join(this.#src, path), "utf8");
    const { program, comments, errors } = parseSync(path, text);
    const [error] = errors;
    if (error !== undefined) throw new SyntaxError(`${path}: ${error.message}`);
    const source = { path, text, program, comments };
    this.#sources.set(path, source);
    return source;
  }

  /** The names that a file hands on, each with the file that declares it. */
  exportsOf(path: string): Map<string, string> {
    const names = new Map<string, string>();
    for (const node of this.#source(path).program.body) {
      if (node.type !== "ExportNamedDeclaration" || node.source === null) continue;
      const from = join(dirname(path), node.source.value).replaceAll("\\", "/");
      for (const { exported } of node.specifiers) {
        const name = exported.type === "Literal" ? exported.value : exported.name;
        names.set(name, this.exportsOf(from).get(name) ?? from);
      }
    }
    return names;
  }

  symbol(name: string, path: string, known: ReadonlySet<string>): ApiSymbol {
    const declared = this.#declared(name, path);
    const [first] = declared;
    if (first === undefined) throw new Error(`${path} does not declare ${name}, which index.ts exports`);
    const docs = declared.map((each) => docBefore(each.source, each.start));
    const { node, source } = first;
    return {
      name,
      kind: kindOf(node),
      path,
      line: source.text.slice(0, first.start).split("\n").length,
      signatures: declared.map((each) => signatureOf(each)),
      doc: docs.find((doc) => doc !== null) ?? null,
      members: this.#members(first, known),
      returns: "returnType" in node ? typeText(source, node.returnType) : "",
    };
  }

  /** What a file declares under a name; of overloads all but the implementation. */
  #declared(name: string, path: string): Declared[] {
    const source = this.#source(path);
    const found: Declared[] = [];
    for (const statement of source.program.body) {
      const node = statement.type === "ExportNamedDeclaration" ? statement.declaration : statement;
      if (node === null || !isDeclaration(node) || !namesOf(node).includes(name)) continue;
      const overloaded = found.some((each) => each.node.type === "TSDeclareFunction");
      if (overloaded && node.type === "FunctionDeclaration") continue;
      found.push({ source, start: statement.start, node });
    }
    return found;
  }

  /**
   * Those of a class or interface; and of bases that are not public, as if they were its own. What says nothing of itself
   * is told of as in the interface that it implements.
   */
  #members({ source, node }: Declared, known: ReadonlySet<string>): ApiMember[] {
    if (node.type === "TSInterfaceDeclaration") return withoutInternal(membersOf(source, node.body.body));
    if (node.type !== "ClassDeclaration") return [];
    const interfaces = (node.implements ?? []).flatMap(({ expression }) =>
      expression.type === "Identifier" ? this.#named(expression.name, source) : [],
    );
    const promised = interfaces.flatMap((each) => this.#members(each, known));
    const own = withoutInternal(membersOf(source, node.body.body)).map((member) => {
      const doc = member.doc ?? promised.find(({ name }) => name === member.name)?.doc ?? null;
      return { ...member, doc };
    });
    const base = node.superClass?.type === "Identifier" ? node.superClass.name : undefined;
    const [declared] = base === undefined ? [] : this.#named(base, source);
    if (base === undefined || declared === undefined) return own;
    if (known.has(base)) {
      // What overrides a method of a public base without a word of its own is told of there.
      const internal = this.#internalOf(declared);
      return own.filter((member) => !member.overrides || (member.doc !== null && !internal.has(member.name)));
    }
    const inherited = this.#members(declared, known);
    return inherited
      .filter((member) => member.kind !== "constructor")
      .map((member) => {
        const override = own.find(
          ({ name, isStatic }) => name === member.name && isStatic === member.isStatic,
        );
        return override === undefined ? member : { ...override, doc: override.doc ?? member.doc };
      })
      .concat(own.filter(({ name }) => !inherited.some((member) => member.name === name)));
  }

  /** What a name stands for in a source: its own declaration, or one that it imports from another one. */
  #named(name: string, source: Source): Declared[] {
    const path = importedFrom(source, name) ?? source.path;
    return path.startsWith("..") || !path.endsWith(".ts") ? [] : this.#declared(name, path);
  }

  /** The names of the members of a class that are not for its users, whatever a class that extends it says of them. */
  #internalOf({ source, node }: Declared): Set<string> {
    if (node.type !== "ClassDeclaration") return new Set();
    return new Set(
      membersOf(source, node.body.body)
        .filter(isInternal)
        .map(({ name }) => name),
    );
  }
}

function isInternal({ doc }: ApiMember): boolean {
  return doc?.tags.some(({ name }) => name === "internal") === true;
}

function withoutInternal(members: readonly ApiMember[]): ApiMember[] {
  return members.filter((member) => !isInternal(member));
}

function importedFrom(source: Source, name: string): string | undefined {
  for (const node of source.program.body) {
    if (node.type !== "ImportDeclaration") continue;
    if (node.specifiers.some(({ local }) => local.name === name)) {
      return join(dirname(source.path), node.source.value).replaceAll("\\", "/");
    }
  }
  return undefined;
}

function isDeclaration(node: ESTree.Node): node is ESTree.Declaration {
  return (
    node.type === "FunctionDeclaration" ||
    node.type === "TSDeclareFunction" ||
    node.type === "ClassDeclaration" ||
    node.type === "TSInterfaceDeclaration" ||
    node.type === "TSTypeAliasDeclaration" ||
    node.type === "VariableDeclaration"
  );
}

function namesOf(node: ESTree.Declaration): string[] {
  if (node.type === "VariableDeclaration") {
    return node.declarations.flatMap(({ id }) => (id.type === "Identifier" ? [id.name] : []));
  }
  return "id" in node && node.id?.type === "Identifier" ? [node.id.name] : [];
}

function kindOf(node: ESTree.Declaration): ApiSymbol["kind"] {
  if (node.type === "ClassDeclaration") return "class";
  if (node.type === "TSInterfaceDeclaration") return "interface";
  if (node.type === "TSTypeAliasDeclaration") return "type";
  return node.type === "VariableDeclaration" ? "const" : "function";
}

/** What a declaration says without its body or its value, as it is written. */
function signatureOf({ source, node }: Declared): string {
  if (node.type === "VariableDeclaration") {
    const [declarator] = node.declarations;
    return slice(source, node.start, declarator?.id.end ?? node.end);
  }
  const body = "body" in node ? node.body : null;
  return slice(source, node.start, body?.start ?? node.end);
}

/** Text of a source, its further lines moved to the left as far as the first one is. */
function slice(source: Source, start: number, end: number): string {
  const line = source.text.lastIndexOf("\n", start - 1) + 1;
  const indent = source.text.slice(line).search(/\S/);
  return source.text
    .slice(start, end)
    .replaceAll(new RegExp(`\\n {0,${indent}}`, "g"), "\n")
    .trim()
    .replace(/;$/, "");
}

function typeText(source: Source, annotation: ESTree.TSTypeAnnotation | null | undefined): string {
  return annotation == null
    ? ""
    : slice(source, annotation.typeAnnotation.start, annotation.typeAnnotation.end);
}

/** The docstring that ends right before an offset. */
function docBefore(source: Source, offset: number): Docstring | null {
  let at = offset;
  for (;;) {
    const comment = source.comments.findLast(({ end }) => end <= at);
    if (comment === undefined || source.text.slice(comment.end, at).trim() !== "") return null;
    // A line comment, such as one for the linter, may stand in between.
    if (comment.type === "Block" && comment.value.startsWith("*")) return docstring(comment.value);
    at = comment.start;
  }
}

type MemberNode = ESTree.ClassElement | ESTree.TSSignature;

function membersOf(source: Source, nodes: readonly MemberNode[]): ApiMember[] {
  const members: ApiMember[] = [];
  for (const node of nodes) {
    const member = memberOf(source, node);
    if (member === null) continue;
    const same = members.findIndex((each) => each.name === member.name && each.isStatic === member.isStatic);
    const before = members[same];
    if (before === undefined) members.push(member);
    // The implementation of overloads is nobody's to call; the setter of a getter makes the property writable.
    else if (member.kind === "property") members[same] = writable(before, member);
    else if (!isInternal(member) && (!("value" in node) || node.value?.type !== "FunctionExpression")) {
      members[same] = { ...before, signatures: [...before.signatures, ...member.signatures] };
    }
  }
  return members;
}

function writable(getter: ApiMember, setter: ApiMember): ApiMember {
  const signatures = getter.signatures.map((each) => each.replace(/^readonly /, ""));
  return { ...getter, signatures, doc: getter.doc ?? setter.doc };
}

function memberOf(source: Source, node: MemberNode): ApiMember | null {
  if (!("key" in node)) return null;
  if ("accessibility" in node && node.accessibility !== null && node.accessibility !== undefined) {
    if (node.accessibility !== "public") return null;
  }
  if (node.key.type === "PrivateIdentifier") return null;
  const key = source.text.slice(node.key.start, node.key.end);
  const name = node.computed ? `[${key}]` : key;
  const isStatic = "static" in node && node.static;
  const doc = docBefore(source, node.start);
  const overrides = "override" in node && node.override === true;
  const common = { name, isStatic, overrides, doc };

  if (node.type === "TSPropertySignature" || node.type === "TSMethodSignature") {
    const kind = node.type === "TSMethodSignature" ? "method" : "property";
    const returns = node.type === "TSMethodSignature" ? typeText(source, node.returnType) : "";
    return { ...common, kind, signatures: [plain(slice(source, node.start, node.end))], returns };
  }
  if (node.type === "MethodDefinition" || node.type === "TSAbstractMethodDefinition") {
    const { value, kind } = node;
    const returns = typeText(source, value.returnType);
    if (kind === "get" || kind === "set") {
      const signature = `${isStatic ? "static " : ""}readonly ${name}: ${returns}`;
      return { ...common, kind: "property", signatures: [signature], returns: "" };
    }
    const signature = plain(slice(source, node.start, value.body?.start ?? node.end));
    return {
      ...common,
      kind: kind === "constructor" ? "constructor" : "method",
      signatures: [signature],
      returns,
    };
  }
  if (node.type === "PropertyDefinition" || node.type === "TSAbstractPropertyDefinition") {
    const value = node.value === null ? "" : source.text.slice(node.value.start, node.value.end);
    const type = typeText(source, node.typeAnnotation) || value;
    const modifiers = `${isStatic ? "static " : ""}${node.readonly ? "readonly " : ""}`;
    const signature = `${modifiers}${name}${node.optional ? "?" : ""}: ${type}`;
    return { ...common, kind: "property", signatures: [signature], returns: "" };
  }
  return null;
}

/** Without the words that mean nothing to a caller. */
function plain(signature: string): string {
  return signature.replace(/^(?:(?:override|async|abstract|public) )+/, "").replace(/[;,]$/, "");
}
