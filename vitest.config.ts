import { defineConfig, type TestUserConfig } from "vitest/config";
import { pollux } from "./packages/compiler/src/plugin.ts";

// Every package is tested from its sources: the condition that their package.json files map to ./src.
const conditions = ["pollux-source", "module", "node", "development|production"];

const shared = {
  environment: "node",
  // Processes, not threads: tests install signal handlers, end workers and collect garbage.
  pool: "forks",
  execArgv: ["--expose-gc"],
} satisfies TestUserConfig;

export default defineConfig({
  test: {
    maxWorkers: 2,
    dangerouslyIgnoreUnhandledErrors: false,
    reporters: ["default", "./scripts/src/vitest-counts.ts"],
    projects: [
      {
        extends: true,
        test: {
          ...shared,
          name: "unit",
          testTimeout: 15_000,
          include: [
            "packages/*/src/**/*.test.ts",
            "packages/*/test/**/*.test.ts",
            "{bench,examples}/src/**/*.test.ts",
          ],
          exclude: ["**/node_modules/**", "**/dist/**", "packages/*/test/{conformance,packaging}/**"],
        },
      },
      {
        // The runtime's own tests once more, with the coroutines in them compiled.
        extends: true,
        plugins: [
          pollux.vite({
            include: /\/packages\/pollux\/.*\.test\.ts$/,
            modules: [/\/(?:coroutine|index)\.ts$/],
          }),
        ],
        test: {
          ...shared,
          name: "compiled",
          testTimeout: 15_000,
          env: { POLLUX_COMPILED: "1" }, // Left out is what only generators have: `test/support/uncompiled.ts`.
          include: ["packages/pollux/src/{core,task,combine,time,sync,stream,io,interop}/**/*.test.ts"],
        },
      },
      {
        extends: true,
        test: {
          ...shared,
          name: "conformance",
          include: ["packages/*/test/conformance/**/*.test.ts"],
          testTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          ...shared,
          name: "packaging",
          include: ["packages/*/test/packaging/**/*.test.ts", "scripts/src/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: ["node"] } },
  // Node 20 knows no `using`.
  oxc: { target: "es2022" },
});
