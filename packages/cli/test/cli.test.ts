import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { pollux, start } from "./support/pollux.ts";

const golden = (name: string): string => fileURLToPath(new URL(`golden/${name}`, import.meta.url));

describe("help and version", () => {
  test.each([[], ["run"], ["expand"], ["check"], ["compile"], ["completion"]])(
    "--help of %s",
    async (...command) => {
      const { code, stdout, stderr } = await pollux(...command, "--help");
      expect([code, stderr]).toEqual([0, ""]);
      await expect(stdout).toMatchFileSnapshot(
        golden(`help${command.map((each) => `-${each}`).join("")}.txt`),
      );
    },
  );

  test("--version prints that of the package", async () => {
    const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
    expect(await pollux("--version")).toMatchObject({ code: 0, stdout: `${version}\n`, stderr: "" });
  });
});

describe("mistakes in the use of the command end with 2 and say what to do", () => {
  test.each([
    ["no command", [], /^Usage: pollux/],
    ["a command that there is not", ["rnu"], /^error: unknown command 'rnu'\n\(Did you mean run\?\)/],
    [
      "an option that there is not",
      ["run", "--raector"],
      /unknown option '--raector'\n\(Did you mean --reactor\?\)/,
    ],
    ["no file", ["run"], /missing required argument 'file'/],
    ["a file that is not there", ["run", "none.ts"], /^error: no such file: none\.ts\n$/],
    ["a file without its ending", ["run", "args"], /no such file: args\n\(Did you mean args\.ts\?\)/],
    ["a folder", ["run", "."], /\. is no file/],
    [
      "a reactor that there is not",
      ["run", "-r", "kqueue", "args.ts"],
      /Allowed choices are auto, epoll, node/,
    ],
    ["a signal that there is not", ["run", "-d", "SIGNOT", "args.ts"], /This system has no such signal/],
    ["a signal that nobody hears", ["run", "-d", "KILL", "args.ts"], /SIGUSR2 is free/],
    ["a signal that ends the program", ["run", "-d", "SIGINT", "args.ts"], /SIGUSR2 is free/],
    ["a grace that is no number", ["run", "-g", "soon", "args.ts"], /number of milliseconds/],
    ["a shell that there is not", ["completion", "tcsh"], /Allowed choices are zsh, bash, fish/],
  ])("%s", async (_what, args, message) => {
    const { code, stdout, stderr } = await pollux(...args);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(message);
  });

  test("the word error is red where there are colours", async () => {
    const { stderr } = await start(["run", "none.ts"], { FORCE_COLOR: "1" }).outcome;
    expect(stderr).toBe("\u001b[31merror:\u001b[39m no such file: none.ts\n");
  });
});

describe("completion", () => {
  const asked = async (...words: string[]): Promise<string[]> => {
    const { code, stdout } = await pollux("complete", "--", ...words);
    expect(code).toBe(0);
    return stdout.split("\n").slice(0, -2);
  };

  test("of commands, with what they do", async () => {
    expect(await asked("e")).toEqual(["expand\tprint the state machines that coroutines become"]);
  });

  test("of options and their values", async () => {
    expect(await asked("run", "--re")).toEqual(["--reactor\twhat does the I/O"]);
    expect(await asked("run", "--reactor", "")).toEqual(["auto\t", "epoll\t", "node\t"]);
  });

  test("of files", async () => {
    expect(await asked("run", "stu")).toEqual(["stubborn.ts\t", "stuck.ts\t"]);
    expect(await asked("check", "retry.ts", "./arg")).toEqual(["./args.ts\t"]);
    expect(await asked("expand", "../fix")).toEqual(["../fixtures/\t"]);
    expect(await asked("run", "nowhere/x")).toEqual([]);
  });

  test("of the coroutines of a file", async () => {
    expect(await asked("expand", "retry.ts", "--function", "")).toEqual([
      "retry\tretry.ts:8",
      "shout\tretry.ts:21",
    ]);
  });

  test("the script for bash is one", async () => {
    const { code, stdout } = await pollux("completion", "bash");
    expect(code).toBe(0);
    expect(stdout).toContain("complete -F __pollux_complete pollux");
    execFileSync("bash", ["-n"], { input: stdout });
  });

  test.each(["zsh", "fish"])("there is a script for %s", async (shell) => {
    expect(await pollux("completion", shell)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("pollux complete --"),
    });
  });
});
