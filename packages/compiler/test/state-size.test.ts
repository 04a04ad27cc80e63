import { Context, type Future, Future as FutureBase, Pending, type Poll } from "pollux";
import { describe, expect, test } from "vitest";
import { compile } from "../src/compile.ts";
import { assignSlots } from "../src/slots.ts";
import { asAsync, Generator, render } from "./fuzz/program.ts";
import { liveByPaths } from "./support/brute-force.ts";
import { compiled } from "./support/evaluate.ts";
import { analyse } from "./support/passes.ts";

/** What is live at each await, by the pass and by walking the paths. */
function bothWays(body: string): { pass: string[][]; paths: string[][]; slots: number } {
  const { graph, liveness, locals } = analyse(body);
  const paths = liveByPaths(graph, locals);
  const { size } = assignSlots(liveness.states, liveness.assigned);
  const waits = liveness.states.slice(1);
  return {
    pass: waits.map(({ live }) => [...live].sort()),
    paths: [...paths.values()].map((each) => [...each].sort()),
    slots: size,
  };
}

describe("state size", () => {
  const functions: [string, string, number][] = [
    ["nothing outlasts the wait", "await p; await q;", 2],
    ["what is needed later", "const a = await p; const b = await q; return a + b;", 2],
    [
      "variables one after the other share a slot",
      "{ const a = await p; await g(a); } { const b = await q; await g(b); }",
      2,
    ],
    ["a loop", "let sum = 0; for (let i = 0; i < p; i++) sum += await g(i); return +sum;", 3],
    ["a temporary in the middle of an expression", "return g() + (await p);", 1],
    ["a finally needs its completion", "try { await p; } finally { await q; }", 2],
    [
      "the largest state counts, not the sum",
      "const a = g(), b = g(), c = g(); await p; t(a, b, c); const d = g(); await q; t(d);",
      4,
    ],
  ];
  for (const [name, body, slots] of functions) {
    test(`as many slots as the largest live set: ${name}`, () => {
      const result = bothWays(body);
      expect(result.pass).toEqual(result.paths);
      expect(result.slots).toBe(slots);
    });
  }

  test("the live sets of random programs are those that walking the paths gives, and no slot is left over", {
    timeout: 120_000,
  }, () => {
    for (let seed = 1; seed <= 12; seed++) {
      const { graph, liveness, locals } = analyse(asAsync(render(new Generator(seed).program())));
      const paths = [...liveByPaths(graph, locals).values()].map((each) => [...each].sort());
      expect(liveness.states.slice(1).map(({ live }) => [...live].sort())).toEqual(paths);
      const { size } = assignSlots(liveness.states, liveness.assigned);
      const start = liveness.states[0]?.live.length ?? 0;
      expect(size).toBe(Math.max(start, ...paths.map((each) => each.length)));
    }
  });

  test("no two variables that are live at one state share a slot there", () => {
    for (let seed = 100; seed <= 110; seed++) {
      const { liveness } = analyse(asAsync(render(new Generator(seed).program())));
      const { layouts } = assignSlots(liveness.states, liveness.assigned);
      for (const [state, { slotOf }] of layouts) {
        expect(new Set(slotOf.values()).size).toBe(state.live.length);
      }
    }
  });

  test("a task keeps none of the large temporaries that it has done with", async () => {
    class Gate extends FutureBase<void> {
      static waiting = 0;
      override poll(): Poll<void> {
        return Gate.waiting++ % 2 === 0 ? Pending : undefined;
      }
    }
    const refs: WeakRef<object>[] = [];
    const large = (): object => {
      const buffer = { bytes: new Array<number>(10_000).fill(1) };
      refs.push(new WeakRef(buffer));
      return buffer;
    };
    const steps = Array.from(
      { length: 10 },
      (_, i) => `const b${i} = large(); await new Gate(); t(b${i});`,
    ).join("\n");
    const source = `import { co } from "pollux"; export const main = co(async () => {\n${steps}\nawait new Gate();\n});`;
    const main = compiled(source, { Gate, large, t: () => {} })["main"] as () => Future<void>;
    const cx = new (class extends Context {
      override wake(): void {
        // Polled by hand.
      }
    })();
    const task = main();
    for (let i = 0; i < 10; i++) expect(task.poll(cx)).toBe(Pending);
    await new Promise((done) => setImmediate(done));
    globalThis.gc?.();
    // The tenth is still to be used.
    expect(refs.map((each) => each.deref() !== undefined)).toEqual([
      ...new Array<boolean>(9).fill(false),
      true,
    ]);
    expect(compile(source, { filename: "a.js" })?.manifest[0]?.slots).toBe(1);
  });
});
