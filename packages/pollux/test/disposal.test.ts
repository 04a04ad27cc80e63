import { readdirSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { workspace } from "./support/packed.ts";
import { publicNames } from "./support/public-names.ts";

// `using` and `await using` work on everything that holds something. Each public class is in one of two lists, so that who
// adds one decides: it can be disposed of, or the reason stands here why there is nothing to dispose of.

const HOLDS_NOTHING: Record<string, string> = {
  AbortHandle: "a name for a task, which belongs to its group",
  Barrier: "its waiters are futures, which leave by themselves",
  ByteQueue: "bytes in memory",
  CancellationToken: "a token without children or waits is garbage",
  Cleanup: "is driven to its end by its owner",
  Command: "describes a program; the child that it starts is what holds",
  Context: "handed out for a poll",
  Copy: "is finished by its owner, as any future; what it copies between is not its own",
  CopyBidirectional: "is finished by its owner, as any future; what it copies between is not its own",
  DelayQueue: "armed only while somebody waits",
  ExitStatus: "says how a child has ended",
  Future: "is finished by its owner, to completion or by cancel",
  Interval: "armed only while a tick is awaited",
  JoinHandle: "to drop it leaves the task alone",
  LengthDelimitedCodec: "remembers the head of a frame",
  Mutex: "its guards are what holds",
  Notify: "its waiters are futures, which leave by themselves",
  OnceCell: "keeps a value, which is its user's",
  RuntimeThread: "the thread that it stands for belongs to those who started it",
  RwLock: "its guards are what holds",
  Scope: "ends with its block",
  Semaphore: "its permits are what holds; to close it releases nothing",
  Sleep: "armed only while it is awaited",
  Task: "belongs to its group",
  TaskLocal: "a key",
  TaskTracker: "its tokens are what holds; to close it releases nothing",
  TcpSocket: "holds nothing of the system before it connects or listens",
  TimerEntry: "armed by its owner",
  TlsAcceptor: "keys and certificates in memory; its streams are what holds",
  TlsConnector: "as TlsAcceptor",
  TraceRecorder: "events in memory, so many at most",
};

type Class = abstract new (...args: never[]) => object;

/** Each public class that is no error, by its name: those of which only the type is exported, too. */
const classes = new Map<string, Class>();

beforeAll(async () => {
  const src = join(workspace, "packages/pollux/src");
  const names = publicNames(join(src, "index.ts"));
  for (const path of readdirSync(src, { recursive: true, encoding: "utf8" })) {
    if (!path.endsWith(".ts") || path.endsWith(".test.ts")) continue;
    const module: Record<string, unknown> = await import(join(src, path));
    for (const [name, value] of Object.entries(module)) {
      if (!names.has(name) || typeof value !== "function" || !/^class\b/.test(String(value))) continue;
      if (!(value.prototype instanceof Error)) classes.set(name, value as unknown as Class);
    }
  }
}, 60_000);

const isDisposable = ({ prototype }: Class): boolean =>
  Symbol.dispose in prototype || Symbol.asyncDispose in prototype;

describe("disposal", () => {
  test("each public class can be disposed of, or is known to hold nothing", () => {
    const holding = [...classes].filter(([, each]) => isDisposable(each)).map(([name]) => name);
    const others = [...classes].filter(([, each]) => !isDisposable(each)).map(([name]) => name);
    expect(holding.length).toBeGreaterThan(15);
    expect(others.sort()).toEqual(Object.keys(HOLDS_NOTHING).sort());
  });
});
