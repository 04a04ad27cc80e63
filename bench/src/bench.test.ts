import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { bench } from "./bench.ts";
import type { CaseResult, TimedCase } from "./harness/case.ts";
import { judge, toText } from "./harness/report.ts";
import { inTurn } from "./harness/rounds.ts";
import { summarize } from "./harness/statistics.ts";

let folder: string;
let printed: string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "pollux-bench-"));
  printed = [];
  vi.spyOn(console, "log").mockImplementation((text: string) => void printed.push(text));
  vi.spyOn(console, "error").mockImplementation((text: string) => void printed.push(text));
});

afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

describe("the command", () => {
  test("writes suite, node and, for each case, name, unit and a summary of each peer as JSON", async () => {
    const json = join(folder, "results.json");
    const peers = "promise,effect,effection";
    expect(await bench(["--quick", "--case", "await-ready", "--peers", peers, "--json", json])).toBe(0);
    const summary = { median: expect.any(Number), min: expect.any(Number), max: expect.any(Number) };
    expect(JSON.parse(readFileSync(json, "utf8"))).toStrictEqual({
      suite: "core",
      node: process.version,
      cases: [
        {
          name: "await-ready",
          unit: "ns/op",
          results: { pollux: summary, promise: summary, effect: summary, effection: summary },
        },
      ],
    });
    expect(printed.join("\n")).toContain("await-ready");
  }, 60_000);

  test.each([
    [["--suite", "nothing"], /unknown suite "nothing": one of core, stream, net, http, compiler, models/],
    [["--case", "nothing"], /unknown case "nothing": one of await-ready,/],
    [
      ["--peers", "promise,bluebird"],
      /unknown peer "bluebird": one of pollux, generator, callback, promise,/,
    ],
    [["--json", "no-such-folder/results.json"], /cannot write no-such-folder\/results.json: ENOENT/],
    [["--fast"], /Unknown option '--fast'/],
    [["fast"], /Unexpected argument 'fast'/],
  ])("refuses %j with a message that says what would do, and code 2", async (argv, message) => {
    expect(await bench(argv)).toBe(2);
    expect(printed.join("\n")).toMatch(message);
    expect(printed.join("\n")).toContain("Usage:");
  });
});

describe("summarize", () => {
  test("the median is the middle sample, or half-way between the two in the middle", () => {
    expect(summarize([3, 1, 2])).toStrictEqual({ median: 2, min: 1, max: 3 });
    expect(summarize([4, 1, 3, 2])).toStrictEqual({ median: 2.5, min: 1, max: 4 });
  });

  test("numbers are ordered as numbers", () => {
    expect(summarize([100, 9, 20]).median).toBe(20);
  });
});

describe("inTurn", () => {
  test("everybody comes once each turn, and is first as often as the others", () => {
    const turns = Array.from({ length: 6 }, (_, turn) => inTurn(["a", "b", "c"], turn));
    for (const turn of turns) expect([...turn].sort()).toStrictEqual(["a", "b", "c"]);
    expect(turns.map(([first]) => first).sort()).toStrictEqual(["a", "a", "b", "b", "c", "c"]);
  });
});

describe("targets", () => {
  const result = (timed: Partial<TimedCase>, pollux: number, promise: number): CaseResult => {
    const summary = (median: number) => ({ median, min: median, max: median });
    return {
      case: { name: "a", about: "", unit: "ns/op", peers: {}, ...timed },
      results: new Map([
        ["pollux", summary(pollux)],
        ["promise", summary(promise)],
      ]),
    };
  };

  test("are ratios of medians, to a peer or to another case", () => {
    const first = result({ name: "first", targets: [{ peer: "promise", atMost: 0.5 }] }, 10, 20);
    const second = result({ name: "second", targets: [{ of: "first", atMost: 1.2, atLeast: 0.8 }] }, 13, 20);
    expect(judge([first, second]).map(({ reached, ok }) => [reached, ok])).toStrictEqual([
      [0.5, true],
      [1.3, false],
    ]);
    expect(toText([first, second])).toContain("1 of 2 targets reached");
  });

  test("are not judged when the other side was not run", () => {
    const alone = result({ targets: [{ peer: "tokio", atMost: 0.5 }] }, 10, 20);
    expect(judge([alone])).toMatchObject([{ reached: null, ok: false }]);
    expect(toText([alone])).toContain("0 of 0 targets reached");
  });
});
