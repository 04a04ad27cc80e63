import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const built = fileURLToPath(new URL("../../dist/index.js", import.meta.url));

/** Runs a program on the built package, in a process of its own. */
function program(source: string): Promise<{ status: number | null; stdout: string; stderr: string }> {
  const work =
    "export const add = (a, b) => a + b; export const spin = () => { for (;;); };" +
    "export const leave = () => { setTimeout(() => { throw new Error('left behind'); }, 10); };";
  const text = `import { blocking, co, crossMpsc, run, sleep, spawn } from ${JSON.stringify(built)};
    const work = blocking(${JSON.stringify(`data:text/javascript,${encodeURIComponent(work)}`)});
    ${source}`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", text], { timeout: 20_000 });
  const output = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (data: string) => (output.stdout += data));
  child.stderr.setEncoding("utf8").on("data", (data: string) => (output.stderr += data));
  return new Promise((resolve) => child.on("close", (status) => resolve({ status, ...output })));
}

test("blocking: a call keeps the process alive, and an idle thread does not", async () => {
  const ran = await program("console.log(await work.add(1, 2));");
  expect(ran).toEqual({ status: 0, stdout: "3\n", stderr: "" });
});

test("blocking: process.exit and an uncaught error end the process, whatever its threads do", async () => {
  const exited = await program("spawn(work.spin()); setTimeout(() => process.exit(3), 50);");
  expect(exited).toEqual({ status: 3, stdout: "", stderr: "" });
  const thrown = await program("spawn(work.spin()); setTimeout(() => { throw new Error('uncaught'); }, 50);");
  expect(thrown.status).toBe(1);
  expect(thrown.stderr).toContain("Error: uncaught");
});

test("blocking: what fails in a thread after its call is as loud as any uncaught error", async () => {
  const ran = await program("await work.leave(); setTimeout(() => console.log('not reached'), 10_000);");
  expect({ ...ran, stderr: "" }).toEqual({ status: 1, stdout: "", stderr: "" });
  expect(ran.stderr).toContain("Error: left behind");
});

test("blocking: a runtime whose main has ended ends a thread that computes for ever, after the grace of the call", async () => {
  const ran = await program(`
    await run(co(function* () { spawn(work.spin()); yield* sleep(20); })(), { onUnhandledError() {} });
    console.log("ended");
  `);
  expect(ran).toEqual({ status: 0, stdout: "ended\n", stderr: "" });
});

test("crossMpsc: ends that nobody waits on keep no process alive, and one that is waited on does", async () => {
  const idle = await program(
    "const ends = crossMpsc(1); ends[0].trySend(1); console.log(await ends[1].recv());",
  );
  expect(idle).toEqual({ status: 0, stdout: "1\n", stderr: "" });
  const waiting = await program(`
    const [tx, rx] = crossMpsc(1);
    setTimeout(() => { tx.trySend("late"); }, 20).unref();
    console.log(await rx.recv());
  `);
  expect(waiting).toEqual({ status: 0, stdout: "late\n", stderr: "" });
});
