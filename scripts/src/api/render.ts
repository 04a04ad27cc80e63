import { type Docstring, summary } from "./docstring.ts";
import type { ApiMember, ApiSymbol } from "./model.ts";

/** A page of the reference: the symbols of some folders of the sources. */
export interface PageSpec {
  /** The file's name, without its ending. */
  readonly file: string;
  readonly title: string;
  /** Markdown, in the place where the page says what it is about. */
  readonly intro: string;
  /** Whether a symbol that a source declares is on this page. */
  readonly takes: (path: string) => boolean;
}

export interface RenderOptions {
  readonly pages: readonly PageSpec[];
  /** The way from a page to the sources, with a slash at the end. */
  readonly sources: string;
  /** What the index says before its tables. */
  readonly intro: string;
}

const NOTE = "<!-- Made from the docstrings by `npm run docs`: change those. -->";

/**
 * The pages, by file name: one for each of `options.pages` that has symbols, and `README.md`, which lists them.
 *
 * @throws Error if a symbol belongs on no page
 */
export function renderApi(symbols: readonly ApiSymbol[], options: RenderOptions): Map<string, string> {
  const byPage = new Map<PageSpec, ApiSymbol[]>();
  for (const page of options.pages) byPage.set(page, []);
  for (const symbol of symbols) {
    const page = options.pages.find(({ takes }) => takes(symbol.path));
    if (page === undefined) {
      throw new Error(
        `${symbol.path} belongs on no page of the reference: add its folder in scripts/src/api-reference.ts`,
      );
    }
    byPage.get(page)?.push(symbol);
  }
  const links = new Links(byPage);
  const files = new Map<string, string>();
  const index = ["# API reference", NOTE, options.intro];
  for (const [page, ofPage] of byPage) {
    if (ofPage.length === 0) continue;
    files.set(`${page.file}.md`, renderPage(page, ofPage, links, options.sources));
    index.push(`## [${page.title}](${page.file}.md)`, links.resolve(page.intro, "README"));
    index.push(table(ofPage, "README", links));
  }
  files.set("README.md", `${index.join("\n\n")}\n`);
  return files;
}

function renderPage(page: PageSpec, symbols: readonly ApiSymbol[], links: Links, sources: string): string {
  const parts = [
    `# ${page.title}`,
    NOTE,
    links.resolve(page.intro, page.file),
    "[All of the API](README.md)",
    table(symbols, page.file, links),
  ];
  for (const symbol of symbols) {
    parts.push(
      `## ${symbol.name}`,
      code(symbol.signatures),
      docText(symbol.doc, page.file, symbol.name, links),
    );
    const properties = symbol.members.filter(({ kind }) => kind === "property");
    if (properties.length > 0) {
      parts.push(properties.map((each) => property(each, page.file, symbol.name, links)).join("\n"));
    }
    const methods = symbol.members.filter(hasHeading);
    if (methods.length >= FEW) {
      const named = methods.filter(({ kind }) => kind === "method");
      parts.push(
        named
          .map(({ name }) => `[\`${name}\`](${links.to(`${symbol.name}.${name}`, page.file)})`)
          .join(" · "),
      );
    }
    for (const member of methods) {
      parts.push(
        `### ${memberHeading(symbol.name, member)}`,
        code(member.signatures.map((each) => each.replace(/^constructor\(/, `new ${symbol.name}(`))),
      );
      parts.push(docText(member.doc, page.file, symbol.name, links));
    }
    const disposal = symbol.members.filter(isDisposal).map(({ name }) => `\`${name}\``);
    if (disposal.length > 0) parts.push(`Has ${disposal.join(" and ")}: for \`using\`.`);
    parts.push(`<sub>[${symbol.path}](${sources}${symbol.path})</sub>`);
  }
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

/** A class with fewer methods than these needs no list of them. */
const FEW = 3;

/** `Symbol.dispose` and its kin mean the same everywhere, unless a docstring says more than "as close". */
function isDisposal({ name, doc }: ApiMember): boolean {
  return /^\[Symbol\.(?:asyncD|d)ispose\]$/.test(name) && !/\n\n/.test(doc?.description ?? "");
}

function hasHeading(member: ApiMember): boolean {
  return member.kind !== "property" && !isDisposal(member);
}

function table(symbols: readonly ApiSymbol[], from: string, links: Links): string {
  const rows = symbols.map((symbol) => {
    const what = symbol.doc === null ? "" : links.resolve(summary(symbol.doc), from, symbol.name);
    return `| [\`${symbol.name}\`](${links.to(symbol.name, from)}) | ${symbol.kind} | ${what.replaceAll("|", "\\|")} |`;
  });
  return ["| name | | |", "|---|---|---|", ...rows].join("\n");
}

function memberHeading(owner: string, member: ApiMember): string {
  if (member.kind === "constructor") return `new ${owner}()`;
  // Escaped: brackets before parentheses are a link in Markdown.
  if (member.name.startsWith("[")) return `${owner}${member.name.replaceAll(/[[\]]/g, "\\$&")}()`;
  return `${owner}.${member.name}()`;
}

function property(member: ApiMember, from: string, owner: string, links: Links): string {
  const text = member.doc === null ? "" : `: ${docText(member.doc, from, owner, links)}`;
  const [signature = ""] = member.signatures;
  return `- \`${signature.replaceAll(/\s*\n\s*/g, " ")}\`${text.replaceAll("\n", "\n  ")}`;
}

function code(signatures: readonly string[]): string {
  return ["```ts", ...signatures.map((each) => each.replace(/^export /, "")), "```"].join("\n");
}

const LISTS: Readonly<Record<string, string>> = {
  typeParam: "Type parameters",
  param: "Parameters",
  throws: "Throws",
};

function docText(doc: Docstring | null, from: string, owner: string, links: Links): string {
  if (doc === null) return "";
  const parts = [links.resolve(doc.description, from, owner)];
  for (const [tag, title] of Object.entries(LISTS)) {
    const texts = doc.tags.filter(({ name }) => name === tag).map(({ text }) => text);
    if (texts.length === 0) continue;
    const items = texts.map((text) => (tag === "throws" ? links.errors(text, from) : parameter(text)));
    const body = items.map((text) => `- ${links.resolve(text, from, owner).replaceAll("\n", "\n  ")}`);
    parts.push(`**${title}**`, body.join("\n"));
    if (tag !== "param") continue;
    for (const { name, text } of doc.tags) {
      if (name === "returns") parts.push(`**Returns** ${links.resolve(text, from, owner)}`);
    }
  }
  if (!doc.tags.some(({ name }) => name === "param")) {
    for (const { name, text } of doc.tags) {
      if (name === "returns") parts.push(`**Returns** ${links.resolve(text, from, owner)}`);
    }
  }
  for (const { name, text } of doc.tags) {
    if (name !== "example") continue;
    const [title = "", ...block] = text.split("\n");
    const named = !title.startsWith("```");
    parts.push(named && title !== "" ? `**Example.** ${links.resolve(title, from, owner)}` : "**Example**");
    parts.push(named ? block.join("\n").trim() : text);
  }
  return parts.filter((part) => part !== "").join("\n\n");
}

/** `name - what it is`, with the name as code. */
function parameter(text: string): string {
  const [, name, what] = /^([\w.[\]]+)\s+-\s+([\s\S]*)$/.exec(text) ?? [];
  return name === undefined ? text : `\`${name}\`: ${what}`;
}

/** Makes anchors of the headings of one page, in their order, as GitHub does: a repeated one is numbered. */
export function anchors(): (heading: string) => string {
  const seen = new Map<string, number>();
  return (heading) => {
    const text = heading
      .toLowerCase()
      .replaceAll(/[^\w\s-]/g, "")
      .trim()
      .replaceAll(/\s/g, "-");
    const count = seen.get(text) ?? 0;
    seen.set(text, count + 1);
    return count === 0 ? text : `${text}-${count}`;
  };
}

/** Where each symbol, and each member that has a heading, is told of. */
class Links {
  readonly #pages = new Map<string, string>();
  readonly #anchors = new Map<string, string>();

  constructor(byPage: ReadonlyMap<PageSpec, readonly ApiSymbol[]>) {
    for (const [page, symbols] of byPage) {
      const anchor = anchors();
      anchor(page.title);
      for (const symbol of symbols) {
        const own = anchor(symbol.name);
        this.#add(symbol.name, page, own);
        for (const member of symbol.members) {
          const at = hasHeading(member) ? anchor(memberHeading(symbol.name, member)) : own;
          this.#add(`${symbol.name}.${member.name}`, page, at);
        }
      }
    }
  }

  #add(name: string, page: PageSpec, at: string): void {
    this.#pages.set(name, page.file);
    this.#anchors.set(name, at);
  }

  /** The address of a symbol, or of a member (`Mutex.lock`), as seen from a page; `undefined` if it is not public. */
  find(name: string, from: string): string | undefined {
    const page = this.#pages.get(name);
    if (page === undefined) return undefined;
    return `${page === from ? "" : `${page}.md`}#${this.#anchors.get(name)}`;
  }

  /** @throws Error if there is no such symbol */
  to(name: string, from: string): string {
    const address = this.find(name, from);
    if (address === undefined) throw new Error(`there is no public ${name}`);
    return address;
  }

  /**
   * Replaces each `{@link name}` by a link, or by code where the name is not public; and code that is the name of a class or
   * a type, other than the owner, by a link to it. (A function's name may be that of a parameter or a field as well.)
   *
   * @param owner - whose members are meant by a name that is no symbol's
   */
  resolve(text: string, from: string, owner = ""): string {
    return text
      .replaceAll(/(?<!\[)`([A-Z]\w*)`(?!\])/g, (code, name: string) => {
        const address = name === owner ? undefined : this.find(name, from);
        return address === undefined ? code : `[${code}](${address})`;
      })
      .replaceAll(/\{@link\s+([^\s|}]+)(?:\s*\|?\s*([^}]*))?\}/g, (_all, name: string, title = "") => {
        const address = this.find(name, from) ?? this.find(`${owner}.${name}`, from);
        const shown = title === "" ? `\`${name}\`` : title;
        return address === undefined ? shown : `[${shown}](${address})`;
      });
  }

  /** The classes that an `@throws` begins with, as links. */
  errors(text: string, from: string): string {
    return text.replace(/^[A-Z]\w*(?:(?:, | or )[A-Z]\w*)*(?=[\s,]|$)/, (classes) =>
      classes.replaceAll(/[A-Z]\w*/g, (name) => {
        const address = this.find(name, from);
        return address === undefined ? `\`${name}\`` : `[\`${name}\`](${address})`;
      }),
    );
  }
}
