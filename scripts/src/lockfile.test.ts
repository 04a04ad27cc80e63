import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

interface LockedPackage {
  version?: string;
  resolved?: string;
  link?: boolean;
  hasInstallScript?: boolean;
  optionalDependencies?: Record<string, string>;
}

const text = readFileSync(new URL("../../package-lock.json", import.meta.url), "utf8");
const { packages } = JSON.parse(text) as { packages: Record<string, LockedPackage> };

test("lockfile: names no address from which a package was downloaded", () => {
  const addresses = Object.values(packages).flatMap(({ resolved, link }) => (link ? [] : (resolved ?? [])));
  expect(addresses).toEqual([]);
  expect(text).not.toMatch(/\.tgz"/);
});

test("lockfile: no package runs a script when it is installed", () => {
  const scripts = Object.keys(packages).filter((path) => packages[path]?.hasInstallScript);
  // The first is reached only on macOS, and there it is never built: it brings its binary. The second's script makes its
  // command start faster; the API finds the binary in its optional dependency without it.
  const spared = new Set(["node_modules/fsevents", "node_modules/esbuild"]);
  expect(scripts.filter((path) => !spared.has(path))).toEqual([]);
});

// A lockfile written where some platform's binary could not be had fails `npm ci` on every platform.
test("lockfile: holds the binaries of every platform, in the version that is asked for", () => {
  const wrong: string[] = [];
  for (const [path, { optionalDependencies = {} }] of Object.entries(packages)) {
    for (const [name, version] of Object.entries(optionalDependencies)) {
      const found = packages[`${path}/node_modules/${name}`] ?? packages[`node_modules/${name}`];
      if (found === undefined) wrong.push(`${path} lacks ${name}`);
      else if (/^\d/.test(version) && found.version !== version)
        wrong.push(`${name} is ${found.version}, not ${version}`);
    }
  }
  expect(wrong).toEqual([]);
});
