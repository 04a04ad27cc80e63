import { type AddressInfo, connect, createServer } from "node:net";
import { type Future, run, spawn, yieldNow } from "pollux";
import { describe, expect, test } from "vitest";
import { compiled } from "./support/evaluate.ts";

type Coroutine = (...args: unknown[]) => Future<unknown>;

function main(body: string, globals: Record<string, unknown> = {}): Coroutine {
  const source = `import { co } from "pollux";\nexport const main = co(async (...args) => {\n${body}\n}, { preemptive: true });`;
  return compiled(source, globals)["main"] as Coroutine;
}

describe("preemptive coroutines", () => {
  const loops: [string, string, unknown][] = [
    [
      "for",
      "let sum = 0; for (let i = 0; i < 1000; i++) { if (i % 3 === 0) continue; sum += i; } return sum;",
      332_667,
    ],
    ["while", "let i = 0; while (i < 1000) { i++; if (i === 700) break; } return i;", 700],
    ["do", "let i = 0; do i++; while (i < 1000); return i;", 1000],
    ["do that is left at once", "let i = 0; do i++; while (false); return i;", 1],
    ["for of", "let sum = 0; for (const n of [1, 2, 3]) sum += n; return sum;", 6],
    [
      "labels",
      "let n = 0; a: for (let i = 0; i < 600; i++) for (let j = 0; j < 600; j++) { n++; if (j === 2) continue a; if (i === 500) break a; } return n;",
      1501,
    ],
    [
      "closures",
      "const fns = []; for (let i = 0; i < 3; i++) fns.push(() => i); return fns.map((f) => f()).join();",
      "0,1,2",
    ],
    ["return", "for (let i = 0; ; i++) if (i === 5000) return i;", 5000],
  ];
  for (const [name, body, expected] of loops) {
    test(`a loop does what it did: ${name}`, async () => {
      expect(await run(main(body)())).toBe(expected);
    });
  }

  test("a task that spins for ever lets others run, and can be cancelled", async () => {
    const spin = main("for (;;) {}");
    const other = compiled(
      `import { co } from "pollux";
export const main = co(async () => {
  const spinning = spawn(spin());
  for (let i = 0; i < 5; i++) await yieldNow();
  spinning.abort();
  return "done";
});`,
      { spawn, spin, yieldNow },
    )["main"] as Coroutine;
    expect(await run(other())).toBe("done");
  });

  test("a task that spins for ever does not keep a server on a real socket from answering", async () => {
    const server = createServer((socket) => socket.pipe(socket));
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    const { port } = server.address() as AddressInfo;
    const talk = async (): Promise<string> => {
      const socket = connect(port, "127.0.0.1");
      let heard = "";
      for (let i = 0; i < 10; i++) {
        socket.write(`${i}`);
        heard += String(await new Promise((data) => socket.once("data", data)));
      }
      socket.end();
      return heard;
    };
    const source = `import { co } from "pollux";
export const main = co(async () => {
  const spinning = spawn(spin());
  const heard = await talk();
  spinning.abort();
  return heard;
});`;
    const spin = main("for (;;) {}");
    const beside = compiled(source, { spawn, spin, talk })["main"] as Coroutine;
    try {
      expect(await run(beside())).toBe("0123456789");
    } finally {
      server.close();
    }
  });

  test("a recursion lets others run, too: it says so in the function", async () => {
    const source = `import { co } from "pollux";
export const main = co(async (n) => { "use preemptive"; return n === 0 ? 0 : 1 + await main(n - 1); });`;
    let turns = 0;
    const recurse = compiled(source)["main"] as Coroutine;
    const other = compiled(
      `import { co } from "pollux"; export const main = co(async () => { const handle = spawn(recurse(500)); for (let i = 0; i < 3; i++) { await yieldNow(); count(); } return await handle; });`,
      { spawn, recurse, yieldNow, count: () => turns++ },
    )["main"] as Coroutine;
    expect(await run(other())).toBe(500);
    expect(turns).toBe(3);
  });
});
