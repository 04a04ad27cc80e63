import { argv } from "node:process";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { rolldown } from "rolldown";
import { minifySync } from "rolldown/utils";

export interface BundleSize {
  /** Bytes of the minified bundle. */
  readonly minified: number;
  /** Bytes of the same after gzip at its highest level, as a server would send it. */
  readonly gzip: number;
  /** Each module's bytes, minified by itself, the largest first: what to look at when there is too much. */
  readonly modules: readonly (readonly [path: string, minified: number])[];
}

/** What the bundles hold: these exports of `pollux` and all that they need. */
export const programs: readonly { names: readonly string[] | "*"; limit?: number }[] = [
  { names: ["co"] },
  // The aim is 8 KB. Whoever spawns carries the whole runtime (frames, executor, clock, errors: 9 KB); the limit keeps it
  // from growing while that is brought down.
  { names: ["co", "spawn", "sleep", "select"], limit: 14_800 },
  { names: "*" },
];

/**
 * Bundles the named exports of `pollux`, as it is installed for a program in `directory`, for Node.
 *
 * @throws Error if the package cannot be found or does not export one of the names
 */
export async function bundleSize(directory: string, names: readonly string[] | "*"): Promise<BundleSize> {
  const source = `export ${names === "*" ? "*" : `{ ${names.join(", ")} }`} from "pollux";`;
  const bundle = await rolldown({
    input: "program.js",
    cwd: directory,
    platform: "node",
    external: /^node:/,
    plugins: [
      {
        name: "program",
        resolveId: (id) => (id === "program.js" ? `${directory}/program.js` : null),
        load: (id) => (id === `${directory}/program.js` ? source : null),
      },
    ],
    onLog(_level, log) {
      throw new Error(log.message);
    },
  });
  try {
    const { output } = await bundle.generate({ format: "esm", minify: true });
    const chunks = output.filter((part) => part.type === "chunk");
    const code = Buffer.from(chunks.map((chunk) => chunk.code).join(""));
    const modules = chunks
      .flatMap((chunk) => Object.entries(chunk.modules))
      .map(([path, { code }]) => [path, minifySync(path, code ?? "").code.length] as const)
      .filter(([, minified]) => minified > 0)
      .sort((a, b) => b[1] - a[1]);
    return { minified: code.length, gzip: gzipSync(code, { level: 9 }).length, modules };
  } finally {
    await bundle.close();
  }
}

async function main(): Promise<void> {
  const rows = [["exports of pollux", "minified", "gzip", "limit"]];
  for (const { names, limit } of programs) {
    const { minified, gzip, modules } = await bundleSize(
      fileURLToPath(new URL("..", import.meta.url)),
      names,
    );
    const title = names === "*" ? "all of them" : names.join(", ");
    rows.push([title, `${minified}`, `${gzip}`, limit === undefined ? "" : `${limit}`]);
    if (argv.includes("--modules")) {
      for (const [path, bytes] of modules)
        rows.push([`  ${path.replace(/^.*\/dist\//, "")}`, `${bytes}`, "", ""]);
    }
    if (limit !== undefined && gzip > limit) process.exitCode = 1;
  }
  printTable(rows);
}

function printTable(rows: readonly (readonly string[])[]): void {
  const width = (column: number): number => Math.max(...rows.map((row) => row[column]?.length ?? 0));
  for (const row of rows) {
    const cells = row.map((cell, i) => (i === 0 ? cell.padEnd(width(i)) : cell.padStart(width(i))));
    console.log(cells.join("  ").trimEnd());
  }
}

if (argv[1] === fileURLToPath(import.meta.url)) await main();
