import { execFile } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { createContext, runInContext } from "node:vm";
import { type OutputChunk, rolldown } from "rolldown";
import { beforeAll, describe, expect, test } from "vitest";
import { workspace } from "../support/packed.ts";

// The library is portable: bundled for a browser it has nothing of Node in it, and it runs with the Web's globals alone.

const CHROMIUM = "/usr/bin/chromium";

const expected = {
  spawn: "slept",
  select: "fast",
  "scope and channel": 6,
  stream: [4, 16],
  cancel: ["cleaned up"],
  timeout: "POLLUX_TIMEOUT",
  "web streams": "abc",
  turns: 2000,
};

const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--disable-dev-shm-usage",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** A page that shows the results. It has loaded, and is printed, when the picture has come: that is when it is done. */
function servePage(): Server {
  let picture: ServerResponse | undefined;
  let isDone = false;
  const finish = (): void => {
    if (isDone) picture?.end();
  };
  return createServer((request, response) => {
    if (request.url === "/") {
      response.setHeader("Content-Type", "text/html");
      response.end(`<!doctype html><body><img src="picture"></body><script>${script.code}</script><script>
        pollux.done.then((text) => {
          document.body.append("RESULT" + text + "END");
          fetch("done");
        });
      </script>`);
    } else if (request.url === "/picture") {
      picture = response;
      finish();
    } else if (request.url === "/done") {
      response.end();
      isDone = true;
      finish();
    } else {
      response.statusCode = 404;
      response.end();
    }
  });
}

/** The program as a bundler for browsers makes it: a script that leaves `pollux.done` behind. */
let script: OutputChunk;

beforeAll(async () => {
  const bundle = await rolldown({
    input: join(workspace, "packages/pollux/test/browser/program.ts"),
    platform: "browser",
    external: /^node:/,
    resolve: { conditionNames: ["pollux-source", "browser", "import", "default"] },
    onLog: () => {},
  });
  try {
    const { output } = await bundle.generate({ format: "iife", name: "pollux", minify: true });
    script = output[0];
  } finally {
    await bundle.close();
  }
});

describe("browser", () => {
  test("a bundle of the core has nothing of Node in it", () => {
    expect(script.imports).toEqual([]);
    expect(script.code).not.toMatch(/\bnode:|\brequire\(|\bprocess\.|\bsetImmediate\b|\bBuffer\b/);
  });

  test("it runs in a bare V8 context, with the globals that browsers, Node, Deno and Bun share", async () => {
    const shared = {
      queueMicrotask,
      setTimeout,
      clearTimeout,
      performance,
      console,
      AbortSignal,
      AbortController,
      MessageChannel,
      ReadableStream,
      WritableStream,
      TextDecoder,
      TextEncoder,
    };
    const context = createContext({ ...shared });
    runInContext(script.code, context, { filename: "pollux-in-a-browser.js" });
    const done: unknown = await runInContext("pollux.done", context);
    expect(JSON.parse(String(done))).toEqual(expected);
  });

  test("it runs in Chromium", async (context) => {
    if (!existsSync(CHROMIUM)) context.skip(`there is no ${CHROMIUM} on this machine`);
    const profile = await mkdtemp(join(tmpdir(), "pollux-browser-"));
    const server = servePage();
    try {
      server.listen(0, "127.0.0.1");
      await once(server, "listening");
      const { port } = server.address() as AddressInfo;
      const args = [...FLAGS, `--user-data-dir=${profile}`, "--dump-dom", `http://127.0.0.1:${port}/`];
      const { stdout } = await promisify(execFile)(CHROMIUM, args, {
        timeout: 50_000,
        killSignal: "SIGKILL",
      });
      const [, json] = /RESULT(\{.*\})END/s.exec(stdout) ?? [];
      expect(JSON.parse(json ?? stdout)).toEqual(expected);
    } finally {
      server.closeAllConnections();
      server.close();
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    }
  }, 60_000);
});
