import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { argv } from "node:process";
import { fileURLToPath } from "node:url";
import { type ApiSymbol, readApi } from "./api/model.ts";
import { type PageSpec, renderApi } from "./api/render.ts";

/*
 * `npm run docs`: writes `docs/api/` from the docstrings. The result is committed, so that it can be read where the
 * sources are, and a test holds it to them.
 */

const workspace = fileURLToPath(new URL("../..", import.meta.url));
const src = join(workspace, "packages/pollux/src");

/** Where the pages are. */
export const folder: string = join(workspace, "docs/api");

const inFolders =
  (...folders: string[]) =>
  (path: string): boolean =>
    folders.some((each) => path.startsWith(`${each}/`));

const isError = (path: string): boolean => /^core\/(?:further-)?errors\.ts$/.test(path);

const isStream = (path: string): boolean => path.startsWith("stream/") || path === "core/stream-source.ts";

const pages: readonly PageSpec[] = [
  {
    file: "futures",
    title: "Futures and coroutines",
    intro:
      "What everything else is made of: {@link Future}, the coroutines that `co` makes, and what a poll is given. " +
      "The guide: [futures](../guide/futures.md).",
    takes: (path) => path.startsWith("core/") && !isError(path) && !isStream(path),
  },
  {
    file: "tasks",
    title: "Tasks",
    intro:
      "Futures that run by themselves, and what holds several of them together. The guide: [tasks](../guide/tasks.md).",
    takes: inFolders("task"),
  },
  {
    file: "combinators",
    title: "Combinators",
    intro: "Futures made of futures. None of them starts a task, and none needs a clock.",
    takes: inFolders("combine"),
  },
  {
    file: "time",
    title: "Time",
    intro:
      "Milliseconds on the clock of the runtime, which a test may stop. " +
      "The guide: [testing with the paused clock](../guide/testing.md).",
    takes: inFolders("time"),
  },
  {
    file: "sync",
    title: "Sync",
    intro: "Channels, locks and signals between tasks. The guide: [which one when](../guide/sync.md).",
    takes: inFolders("sync"),
  },
  {
    file: "streams",
    title: "Streams",
    intro: "Many values, one after the other, each when it is asked for.",
    takes: isStream,
  },
  {
    file: "io",
    title: "I/O",
    intro: "Bytes: reading, writing, buffering, framing.",
    takes: inFolders("io"),
  },
  {
    file: "net",
    title: "Net",
    intro: "Sockets. They run on the reactor of the runtime, and no program can tell which one that is.",
    takes: inFolders("net", "reactor", "tls"),
  },
  {
    file: "system",
    title: "The system",
    intro: "Signals, and what else a process has to do with the system around it.",
    takes: inFolders("signal", "fs", "process", "blocking"),
  },
  {
    file: "interop",
    title: "Bridges",
    intro:
      "To promises and `AbortSignal`, both ways. `await future` works without any of it. " +
      "See [from promises](../from-promises.md).",
    takes: inFolders("interop", "node"),
  },
  {
    file: "runtime",
    title: "The runtime",
    intro: "Executor, clock and reactor, put together.",
    takes: inFolders("runtime"),
  },
  {
    file: "errors",
    title: "Errors",
    intro:
      "Every error that Pollux itself throws. Match on the class or on `code`, never on the message. Errors of the " +
      'operating system keep Node\'s shape instead (`code: "ECONNREFUSED"`, `errno`, `syscall`), and errors of yours ' +
      "are thrown as they are.",
    takes: isError,
  },
];

const intro =
  "Every public name of `pollux`, from the docstrings of its sources, whose examples are run by the tests. What waits " +
  "says what is lost when it is cancelled. The [guide](../README.md) says when to use what.";

/** What the package exports. */
export function publicApi(): ApiSymbol[] {
  return readApi(src);
}

/** The files of `docs/api`, by name. */
export function apiReference(): Map<string, string> {
  return renderApi(publicApi(), { pages, sources: "../../packages/pollux/src/", intro });
}

function main(): void {
  const files = apiReference();
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(folder)) if (!files.has(name)) rmSync(join(folder, name));
  for (const [name, text] of files) writeFileSync(join(folder, name), text);
  console.log(`docs/api: ${files.size} pages, ${publicApi().length} names`);
}

if (argv[1] === fileURLToPath(import.meta.url)) main();
