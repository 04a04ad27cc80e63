import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const built = fileURLToPath(new URL("../../dist/index.js", import.meta.url));

/** In a process of its own, where a program has no file beside the library's: once on, tracking is on for the thread. */
function program(source: string, env: Record<string, string> = {}): string {
  const text = `import { co, JoinSet, mpsc, never, Runtime, scope, snapshot, spawn, yieldNow } from ${JSON.stringify(built)};\n${source}`;
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", text], {
    encoding: "utf8",
    timeout: 20_000,
    env: { ...process.env, ...env },
  });
  return stderr === "" ? stdout : stderr;
}

const places = `
  const main = co(function* main() {
    spawn(never());
    new JoinSet().spawn(never());
    yield* scope(function* (s) {
      s.spawn(never());
      yield* yieldNow();
      const all = [];
      const add = ({ tasks }) => { for (const task of tasks) { all.push(task); task.scopes.forEach(add); } };
      snapshot(runtime).groups.forEach(add);
      for (const { id, spawnedAt } of all) console.log(id, spawnedAt?.replace(/.*\\[eval1\\]/, ""));
      s.abortAll();
    });
  });
`;

test("origins: each way to spawn gives the line of the caller, whatever calls are in between", () => {
  const printed = program(`${places}
    const runtime = new Runtime({ trackOrigins: true });
    await runtime.run(main());`);
  expect(
    printed
      .split("\n")
      .filter((line) => line !== "")
      .sort(),
  ).toEqual(["1 :18:19", "2 :4:5", "3 :5:19", "4 :7:9"]);
});

test("origins: the environment sets them on, an option off", () => {
  const on = program(
    `${places}
    const runtime = new Runtime();
    await runtime.run(main());`,
    { POLLUX_TRACK_ORIGINS: "1" },
  );
  expect(on).toContain("2 :4:5");
  const off = program(
    `${places}
    const runtime = new Runtime({ trackOrigins: false });
    await runtime.run(main());`,
    { POLLUX_TRACK_ORIGINS: "1" },
  );
  expect(off).toContain("2 undefined");
});

test("origins: senders say who has made them and where, until they are closed", () => {
  const printed = program(`
    const runtime = new Runtime({ trackOrigins: true });
    const main = co(function* main() {
      const [tx, rx] = mpsc(1);
      spawn(rx.recv(), { name: "reader" }).observed();
      const other = tx.clone();
      tx.close();
      yield* yieldNow();
      console.log(/\\(reader\\): (.*); \\d+ poll/.exec(runtime.dump())?.[1].replaceAll(/at \\S*\\[eval1\\]/g, "at "));
      other.close();
    });
    await runtime.run(main());`);
  expect(printed).toBe(
    "waiting in receive from mpsc channel #1 (empty, 1 sender open: that of task 1 (main) at :7:24; made by task 1 (main) at :5:24)\n",
  );
});
