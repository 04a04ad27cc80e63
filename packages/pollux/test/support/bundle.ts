import { join } from "node:path";
import { rolldown } from "rolldown";
import { workspace } from "./packed.ts";

/** Bundles the package's sources into one module that plain Node can import, for tests that need a process of their own. */
export async function bundleSources(directory: string): Promise<string> {
  const file = join(directory, "pollux.mjs");
  const bundle = await rolldown({
    input: join(workspace, "packages/pollux/src/index.ts"),
    platform: "node",
    external: /^node:/,
    resolve: { conditionNames: ["pollux-source", "node", "import", "default"] },
  });
  try {
    await bundle.write({ file, format: "esm" });
  } finally {
    await bundle.close();
  }
  return file;
}
