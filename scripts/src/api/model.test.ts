import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { type ApiSymbol, readApi } from "./model.ts";

let folder: string | undefined;

afterEach(() => {
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  folder = undefined;
});

/** The API of a package with these sources. */
function api(files: Record<string, string>): Map<string, ApiSymbol> {
  folder = mkdtempSync(join(tmpdir(), "pollux-api-"));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return new Map(readApi(folder).map((symbol) => [symbol.name, symbol]));
}

describe("readApi", () => {
  test("a function has its signature, what it returns and its docstring", () => {
    const index = `export { wait } from "./time/wait.ts";`;
    const source = `
/** Waits. */
export function wait(
  ms: number,
): Future<void> {
  return new Wait(ms);
}`;
    const wait = api({ "index.ts": index, "time/wait.ts": source }).get("wait");
    expect(wait).toMatchObject({ kind: "function", path: "time/wait.ts", line: 3, returns: "Future<void>" });
    expect(wait?.signatures).toEqual(["function wait(\n  ms: number,\n): Future<void>"]);
    expect(wait?.doc?.description).toBe("Waits.");
  });

  test("overloads are all there, and their implementation is not", () => {
    const source = `
/** Doubles. */
export function double(n: number): number;
export function double(s: string): string;
export function double(x: never): unknown { return x; }`;
    const double = api({ "index.ts": `export { double } from "./double.ts";`, "double.ts": source }).get(
      "double",
    );
    expect(double?.signatures).toEqual([
      "function double(n: number): number",
      "function double(s: string): string",
    ]);
    expect(double?.doc?.description).toBe("Doubles.");
  });

  test("of a class the public members are there, with what is written of them", () => {
    const source = `
export class Box<T> {
  readonly #hidden = 1;
  private readonly secret: number;
  /** @internal */
  inner: T;
  readonly code = "BOX";
  /** @internal */
  constructor(inner: T) { this.inner = inner; this.secret = this.#hidden; }
  static of<T>(value: T): Box<T> { return new Box(value); }
  /** What is in it. */
  get value(): T { return this.inner; }
  set value(value: T) { this.inner = value; }
  async [Symbol.asyncDispose](): Promise<void> {}
}`;
    const box = api({ "index.ts": `export { Box } from "./box.ts";`, "box.ts": source }).get("Box");
    expect(box?.signatures).toEqual(["class Box<T>"]);
    expect(box?.members.map(({ name, signatures }) => [name, ...signatures])).toEqual([
      ["code", 'readonly code: "BOX"'],
      ["of", "static of<T>(value: T): Box<T>"],
      ["value", "value: T"],
      ["[Symbol.asyncDispose]", "[Symbol.asyncDispose](): Promise<void>"],
    ]);
  });

  test("what a class has from a base that is not public is its own", () => {
    const source = `
export abstract class Handle {
  /** Closes it. */
  close(): void {}
  /** Another one. */
  abstract clone(): Handle;
}
export class Sender extends Handle {
  override clone(): Sender { return this; }
}`;
    const index = `export { Sender } from "./sender.ts";`;
    const sender = api({ "index.ts": index, "sender.ts": source }).get("Sender");
    expect(sender?.members.map(({ signatures, doc }) => [...signatures, doc?.description])).toEqual([
      ["close(): void", "Closes it."],
      ["clone(): Sender", "Another one."],
    ]);
  });

  test("what says nothing of itself is told of as in the interface that it implements", () => {
    const files = {
      "index.ts": `export { Reader } from "./io/reader.ts";`,
      "io/async-read.ts": "export interface AsyncRead { /** Reads. */ pollRead(): number; }",
      "io/reader.ts": `
import type { AsyncRead } from "./async-read.ts";
export abstract class Reader implements AsyncRead, Disposable {
  abstract pollRead(): number;
  /** Ends. */
  [Symbol.dispose](): void {}
}`,
    };
    const reader = api(files).get("Reader");
    expect(reader?.members.map(({ signatures, doc }) => [...signatures, doc?.description])).toEqual([
      ["pollRead(): number", "Reads."],
      ["[Symbol.dispose](): void", "Ends."],
    ]);
  });

  test("what overrides a public base without a word is not told again", () => {
    const source = `
export class Future { /** Polls. */ poll(): void {} }
export class Sleep extends Future { override poll(): void {} reset(): void {} }`;
    const all = api({ "index.ts": `export { Future, Sleep } from "./future.ts";`, "future.ts": source });
    expect(all.get("Sleep")?.members.map(({ name }) => name)).toEqual(["reset"]);
  });

  test("nor what overrides something internal, whatever it says, nor an overload that is internal", () => {
    const source = `
export class Future { /** @internal */ next(): void {} }
export class Sleep extends Future {
  /** Faster. */ override next(): void {}
  /** For all. */ reset(): void;
  /** @internal */ reset(secret: number): void;
  reset(secret = 1): void { this.due = secret; }
}`;
    const all = api({ "index.ts": `export { Future, Sleep } from "./future.ts";`, "future.ts": source });
    expect(all.get("Sleep")?.members.map(({ signatures }) => signatures)).toEqual([["reset(): void"]]);
  });

  test("a value and a type of one name are one symbol", () => {
    const source = `
/** The sentinel. */
export const Pending: unique symbol = Symbol.for("p") as never;
/** Its type. */
export type Pending = typeof Pending;`;
    const pending = api({ "index.ts": `export { Pending } from "./p.ts";`, "p.ts": source }).get("Pending");
    expect(pending?.signatures).toEqual(["const Pending: unique symbol", "type Pending = typeof Pending"]);
    expect(pending?.doc?.description).toBe("The sentinel.");
  });

  test("a name that is declared nowhere is an error", () => {
    expect(() => api({ "index.ts": `export { gone } from "./a.ts";`, "a.ts": "" })).toThrow(
      "a.ts does not declare gone",
    );
  });
});
