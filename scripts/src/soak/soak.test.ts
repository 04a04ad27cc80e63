import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { co, Runtime, run, sleep } from "pollux";
import { describe, expect, test } from "vitest";
import { loadNative } from "../../../packages/pollux/src/reactor/epoll/native.ts";
import { type Census, isBack, leftOver } from "./census.ts";
import type { Job, World } from "./job.ts";
import { JOBS } from "./jobs/index.ts";
import { mixedLoad, Tally } from "./load.ts";
import { Random } from "./random.ts";

const MAIN = fileURLToPath(new URL("../../dist/soak/main.js", import.meta.url));

function soak(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  if (!existsSync(MAIN)) throw new Error(`${MAIN} is missing: run npm run build first`);
  return new Promise((resolve) => {
    execFile(process.execPath, ["--expose-gc", MAIN, ...args], (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

describe.runIf(process.platform === "linux")("soak", () => {
  const reactors = "native" in loadNative() ? ["epoll", "node"] : ["node"];

  test.each(reactors)("soak: a short one on the %s reactor leaves nothing", async (reactor) => {
    const { code, stdout, stderr } = await soak("--jobs", "1000", "--seed", "7", "--reactor", reactor);
    expect(stderr).toBe("");
    const lines = stdout.trimEnd().split("\n");
    expect(lines[0]).toMatch(new RegExp(`^seed 7, ${reactor} reactor, `));
    expect(lines.at(-1)).toBe("nothing is left");
    for (const { name } of JOBS) expect(lines.at(-2)).toMatch(new RegExp(`\\b${name} [1-9]`));
    expect(code).toBe(0);
  });

  test("soak: what makes no sense is refused with what would", async () => {
    for (const [args, message] of [
      [["--minutes", "x"], "--minutes must be a number of 0 or more; got x"],
      [["--reactor", "uring"], "--reactor must be auto, epoll or node; got uring"],
      [["--hours", "1"], "Unknown option '--hours'"],
    ] as const) {
      const { code, stderr } = await soak(...args);
      expect(stderr).toContain(message);
      expect(stderr).toContain("Usage: npm run soak");
      expect(code).toBe(2);
    }
  });
});

describe("leftOver", () => {
  const census: Census = {
    tasks: 4,
    timers: 0,
    sources: 3,
    outstanding: 3,
    pool: 0,
    descriptors: 20,
    threads: 11,
    children: 0,
    files: 1,
    heap: 10,
    resident: 90,
  };

  test("nothing is left where all is as it was, or less", () => {
    const after = { ...census, descriptors: 19, heap: 12, resident: 95 };
    expect(isBack(census, after)).toBe(true);
    expect(leftOver(census, after)).toEqual([]);
  });

  test("each count that is higher is told", () => {
    const after = { ...census, tasks: 5, descriptors: 22, heap: 30 };
    expect(isBack(census, after)).toBe(false);
    expect(leftOver(census, after)).toEqual([
      "tasks: 5, and 4 at the beginning",
      "descriptors: 22, and 20 at the beginning",
      "heap: 20.0 MiB more than at the beginning, of 4 allowed",
    ]);
  });
});

describe("mixedLoad", () => {
  // The jobs below look at nothing of it.
  const world = {} as World;
  const job = (name: string, start: Job["start"], expects?: Job["expects"]): Job => ({
    name,
    weight: 1,
    start,
    ...(expects && { expects }),
  });

  test("jobs are killed, run to their end, and those kills are told apart", async () => {
    const nap = job("nap", () => sleep(5));
    const tally = new Tally();
    const runtime = new Runtime({ clock: "paused" });
    await runtime.run(mixedLoad(world, [nap], 4, new Random(1), tally, () => tally.all < 200));
    expect(tally.all).toBeGreaterThanOrEqual(200);
    expect(tally.of.get("nap")).toBe(tally.all);
    expect(tally.done).toBeGreaterThan(0);
    expect(tally.killed).toBeGreaterThan(0);
    expect(tally.broken).toBe(0);
  });

  test("a failure that a job expects is counted, and any other ends the load", async () => {
    const failing = co(function* () {
      throw new RangeError("as it comes");
    });
    const tally = new Tally();
    const expected = job("expected", failing, (error) => error instanceof RangeError);
    await run(mixedLoad(world, [expected], 2, new Random(1), tally, () => tally.all < 10));
    expect(tally.broken).toBeGreaterThanOrEqual(10);
    const load = run(
      mixedLoad(world, [job("unexpected", failing)], 2, new Random(1), new Tally(), () => true),
    );
    await expect(load).rejects.toMatchObject({
      message: "a job failed: unexpected",
      cause: expect.any(RangeError),
    });
  });
});

test("Random: numbers follow from the seed, and are spread", () => {
  const draw = (seed: number): number[] => {
    const random = new Random(seed);
    return Array.from({ length: 1000 }, () => random.below(10));
  };
  expect(draw(5)).toEqual(draw(5));
  expect(draw(5)).not.toEqual(draw(6));
  for (let n = 0; n < 10; n++) expect(draw(5).filter((each) => each === n).length).toBeGreaterThan(50);
});
