import { pollux } from "@pollux/compiler";
import { transform } from "esbuild";
import type { Plugin } from "vite";
import type { TimedCase } from "../harness/case.ts";
import { moduleOf } from "./compile-speed.ts";

const MODULES = 77;

/** A project of 10,000 lines, without the disk. */
const project: ReadonlyMap<string, string> = new Map([
  [
    "/project/main.ts",
    Array.from({ length: MODULES }, (_, n) => `export * as m${n} from "./m${n}.ts";\n`).join(""),
  ],
  ["/project/helper.js", "export const helper = (bytes, name) => name + bytes.length;\n"],
  ...Array.from({ length: MODULES }, (_, n): [string, string] => [`/project/m${n}.ts`, moduleOf(5)]),
]);

const files: Plugin = {
  name: "project",
  enforce: "pre",
  resolveId: (id) => {
    const path = id.replace(/^\./, "/project");
    return project.has(path) ? path : null;
  },
  load: (id) => project.get(id) ?? null,
};

/** Milliseconds that a build takes, without a source map and without writing. */
async function build(plugins: readonly unknown[]): Promise<number> {
  const vite = await import("vite");
  const began = performance.now();
  await vite.build({
    root: import.meta.dirname,
    configFile: false,
    logLevel: "error",
    // Whatever Vite they are for.
    plugins: [files, ...(plugins as Plugin[])],
    build: {
      ssr: "/project/main.ts",
      write: false,
      minify: false,
      rolldownOptions: { external: [/^pollux/] },
    },
  });
  return performance.now() - began;
}

export const buildSpeed: TimedCase = {
  name: "build-speed",
  about: "what the plugin adds to a Vite build of 10,000 lines, beside esbuild's transform of them",
  unit: "ns/op",
  long: true,
  targets: [{ peer: "esbuild", atMost: 2 }],
  peers: {
    pollux: async (n, watch) => {
      let added = 0;
      for (let i = 0; i < n; i++) added += (await build([pollux.vite()])) - (await build([]));
      watch.record(added);
    },
    esbuild: async (n) => {
      for (let i = 0; i < n; i++) {
        const modules = [...project].filter(([path]) => path.endsWith(".ts"));
        await Promise.all(
          modules.map(([path, source]) =>
            transform(source, { loader: "ts", sourcefile: path, target: "esnext" }),
          ),
        );
      }
    },
  },
};
