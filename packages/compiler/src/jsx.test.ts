import { transformSync } from "oxc-transform";
import { run } from "pollux";
import { describe, expect, test } from "vitest";
import { evaluate } from "../test/support/evaluate.ts";
import { compile } from "./compile.ts";

const head = `import { co } from "pollux";\n`;

function preserved(source: string, filename = "view.jsx"): string {
  const result = compile(head + source, { filename, jsx: "preserve" });
  if (result === null) throw new Error("there was nothing to compile");
  return result.code;
}

/** Runs the coroutine `view` of a module, once something else has made calls of `h` of its JSX. */
function render(source: string, globals: Record<string, unknown> = {}): Promise<unknown> {
  const jsx = { runtime: "classic", pragma: "h", pragmaFrag: "Fragment" } as const;
  const { code, errors } = transformSync("view.jsx", preserved(source), { jsx });
  expect(errors).toEqual([]);
  const h = (tag: unknown, props: object | null, ...children: unknown[]): unknown[] => [
    typeof tag === "function" ? tag.name : tag,
    { ...props },
    ...children,
  ];
  const { view } = evaluate(code, { h, Fragment: "fragment", ...globals }) as { view: () => never };
  return run(view());
}

describe("JSX that is preserved", () => {
  test("stays to the letter around coroutines", () => {
    const view =
      "export const View = () => (\n  <a-b href='x'  {/* why */ ...rest}>\n    text &amp; {1}\n  </a-b>\n);\n";
    expect(preserved(`${view}export const f = co(async () => {});\n`)).toContain(view);
  });

  test("keeps its text in a statement that has a coroutine, and its comments once", () => {
    const element = '<p\n  // above\n  title="a &lt; b">\n  one {/* two */} three &nbsp;\n</p>';
    const code = preserved(`export const App = () => { const f = co(async () => {}); return ${element}; };`);
    expect(code).toContain(element);
    expect(code.match(/above|two/g)).toHaveLength(2);
  });

  test("has values of coroutines in attributes, children, elements and fragments", async () => {
    const source = `export const view = co(async () => {
      const give = async (value) => value;
      const rest = { c: 3 };
      return <>
        <p a={await give(1)} b="2" {...rest} {...await give({ d: 4 })} e=<i/>>text {await give("child")}{<b>{await give(5)}</b>}</p>
        <hr/>
      </>;
    });`;
    expect(await render(source)).toEqual([
      "fragment",
      {},
      ["p", { a: 1, b: "2", c: 3, d: 4, e: ["i", {}] }, "text ", "child", ["b", {}, 5]],
      ["hr", {}],
    ]);
  });

  test("is evaluated in the order of the source", async () => {
    const source = `export const view = co(async () => {
      const give = async (value) => { rest.x = value; return value; };
      const rest = { x: 0 };
      return <Tag a={log(1)} {...rest} b={await give(log(2))}>{log(3)}{await give(log(4))}{rest.x}</Tag>;
    });`;
    const seen: number[] = [];
    const log = (n: number): number => {
      seen.push(n);
      return n;
    };
    expect(await render(source, { log, Tag: "tag" })).toEqual(["tag", { a: 1, x: 0, b: 2 }, 3, 4, 4]);
    expect(seen).toEqual([1, 2, 3, 4]);
  });

  test("means the component that the name meant before the wait", async () => {
    const source = `export const view = co(async () => {
      let Tag = function First() {};
      const lib = { Tag };
      const change = async () => { Tag = null; lib.Tag = null; };
      return [<Tag>{await change()}</Tag>, <lib.Tag/>, (Tag = function Third() {}, lib.Tag = Tag, <lib.Tag a={await change()}/>)];
    });`;
    expect(await render(source)).toEqual([
      ["First", {}, undefined],
      [null, {}],
      ["Third", { a: undefined }],
    ]);
  });

  test("names a component that a loop makes anew, or that is not there yet", async () => {
    const source = `export const view = co(async () => {
      const views = [];
      for (const name of ["a", "b"]) {
        let Tag = null;
        const set = () => { Tag = { [name]: function () {} }[name]; };
        await null;
        set();
        views.push(() => <Tag/>);
      }
      let early;
      try { early = <Late/>; await null; } catch (error) { early = error.name; }
      const Late = () => early;
      const late = () => Late;
      return [...views.map((each) => each()), early];
    });`;
    expect(await render(source)).toEqual([["a", {}], ["b", {}], "ReferenceError"]);
  });

  test("keeps the imports that only it uses, without the types", () => {
    const source = 'import React from "react";\nimport { View, type Props } from "./view";\n';
    const code = preserved(
      `${source}export const f = co(async (props: Props) => <View<Props> {...props}/>);`,
      "a.tsx",
    );
    expect(code).toContain('import React from "react";');
    expect(code).toContain("import { View } from");
    expect(code).toContain("<View {...props} />");
  });

  test("a line of a coroutine in TSX is the one that was written", () => {
    const source = `${head}type T = 1;\nconst a = <p/>;\nexport const f = co(async () => {\n  eval("1");\n  return <a>{1}</a>;\n});`;
    expect(() => compile(source, { filename: "a.tsx", jsx: "preserve" })).toThrow(/a\.tsx:5:3/);
  });
});
