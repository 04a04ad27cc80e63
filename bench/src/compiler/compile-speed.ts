import { compile } from "@pollux/compiler";
import { transform } from "esbuild";
import type { Peer, Round, TimedCase } from "../harness/case.ts";

const head = `import { co, sleep, type TcpStream } from "pollux";
import { helper } from "./helper.js";

interface Options {
  readonly name: string;
  readonly retries?: number;
}
`;

const coroutine = (n: number): string => `
/** Loads ${n}. */
export const load${n} = co(async (stream: TcpStream, options: Options): Promise<string[]> => {
  const lines: string[] = [];
  for (let i = 0; i < (options.retries ?? 3); i++) {
    try {
      const buf = new Uint8Array(1024);
      const size: number = await stream.read(buf);
      if (size === 0) break;
      lines.push(helper(buf.subarray(0, size), options.name));
    } catch (error) {
      await sleep(10 * i);
      if (i > 5) throw error;
    }
  }
  return lines.map((line) => line.trim());
});
`;

const plain = (n: number): string => `
/** Sums ${n}. */
export function sum${n}(items: readonly { readonly price: number; readonly count?: number }[]): number {
  let total: number = 0;
  for (const item of items) {
    const count = item.count ?? 1;
    if (count < 0) throw new RangeError(\`negative: \${count}\`);
    total += item.price * count;
  }
  const rounded = Math.round(total * 100) / 100;
  return rounded > 1000 ? rounded * 0.9 : rounded;
}
`;

/** A module of ten functions, about 130 lines. @param every - of so many functions one is a coroutine */
export function moduleOf(every: number): string {
  const functions = Array.from({ length: 10 }, (_, n) => (n % every === 0 ? coroutine(n) : plain(n)));
  return head + functions.join("");
}

/** Beside what esbuild takes for the TypeScript of the same module, with a source map, as Vite and others call it. */
function peers(source: string): Readonly<Partial<Record<Peer, Round>>> {
  return {
    pollux: async (n) => {
      for (let i = 0; i < n; i++) {
        if (compile(source, { filename: "module.ts" }) === null) throw new Error("nothing was compiled");
      }
    },
    esbuild: async (n) => {
      for (let i = 0; i < n; i++) {
        await transform(source, { loader: "ts", sourcemap: true, sourcefile: "module.ts", target: "esnext" });
      }
    },
  };
}

export const compileSpeed: TimedCase = {
  name: "compile-speed",
  about: "compile a module of 130 lines, of ten functions two coroutines",
  unit: "ns/op",
  targets: [{ peer: "esbuild", atMost: 2 }],
  peers: peers(moduleOf(5)),
};

export const compileSpeedWorst: TimedCase = {
  name: "compile-speed-worst",
  about: "compile a module of 160 lines, all ten functions coroutines",
  unit: "ns/op",
  peers: peers(moduleOf(1)),
};
