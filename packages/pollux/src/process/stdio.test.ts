import { closeSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { testDirectory } from "../../test/support/fs.ts";
import { testPrograms } from "../../test/support/programs.ts";
import { co } from "../core/coroutine.ts";
import { run } from "../runtime/runtime.ts";
import { Command } from "./command.ts";

const programs = testPrograms();
const at = testDirectory();
const text = (buf: Uint8Array): string => new TextDecoder().decode(buf);

/** Counts what comes in, and writes it down. */
const COUNT = `
  const main = co(function* () {
    const bytes = yield* stdin().readToEnd();
    const out = stdout();
    yield* out.writeAll(new TextEncoder().encode(bytes.length + " bytes\\n"));
    yield* out.flush();
  });
  await run(main());
`;

describe("stdin", () => {
  test("reads a pipe to its end", async () => {
    expect(await programs.run(COUNT, new Uint8Array(1_000_000))).toEqual({
      status: 0,
      stdout: "1000000 bytes\n",
      stderr: "",
    });
  });

  test("reads a file to its end", async () => {
    writeFileSync(at("in"), new Uint8Array(100_000));
    const fd = openSync(at("in"), "r");
    expect((await programs.runWith(COUNT, [fd, "pipe", "pipe"])).stdout).toBe("100000 bytes\n");
    closeSync(fd);
  });

  test("reads nothing where there is nothing", async () => {
    expect((await programs.runWith(COUNT, ["ignore", "pipe", "pipe"])).stdout).toBe("0 bytes\n");
  });

  test("does not keep the process alive when nobody reads any more", async () => {
    const main = co(function* () {
      const args = programs.args(`
        const buf = new Uint8Array(10);
        const size = await run(stdin().read(buf));
        const late = spawn(stdin().read(buf));
        late.abort();
        await late.then(() => {}, () => {});
        console.log(size);
      `);
      // The input stays open until it has ended.
      const child = yield* new Command(process.execPath, args, { stdin: "pipe", stdout: "pipe" }).spawn();
      yield* child.stdin?.writeAll(Uint8Array.of(1, 2, 3)) ?? expect.fail();
      const output = yield* child.stdout?.readToString() ?? expect.fail();
      const { code } = yield* child.wait();
      child.close();
      return [output, code];
    });
    expect(await run(main())).toEqual(["3\n", 0]);
  });

  test("keeps the process alive while somebody reads, and what one has not taken is the next one's", async () => {
    const main = co(function* () {
      const args = programs.args(`
        const [a, b] = [new Uint8Array(1), new Uint8Array(10)];
        const first = stdin();
        const size = await run(first.read(a));
        first.close();
        console.log(size, await run(first.read(a)).catch((error) => error.code));
        console.log(await run(stdin().readToString()));
      `);
      const child = yield* new Command(process.execPath, args, { stdin: "pipe", stdout: "pipe" }).spawn();
      yield* child.stdin?.writeAll(new TextEncoder().encode("abc")) ?? expect.fail();
      return yield* child.output();
    });
    const { stdout, status } = await run(main());
    expect([text(stdout), status.code]).toEqual(["1 POLLUX_CLOSED\nbc\n", 0]);
  });

  test("one reads at a time", async () => {
    const { stdout } = await programs.run(
      `
        const first = spawn(stdin().read(new Uint8Array(1)));
        first.observed();
        const second = spawn(stdin().read(new Uint8Array(1)));
        console.log(await second.then(() => "read", (error) => error.code), await first);
      `,
      "x",
    );
    expect(stdout).toBe("POLLUX_FUTURE_IN_USE 1\n");
  });
});

describe("stdout, stderr", () => {
  test("a write waits while nobody reads the pipe, and the loop turns meanwhile", async () => {
    const main = co(function* () {
      const args = programs.args(`
        let turns = 0;
        const ticks = setInterval(() => turns++, 1);
        const main = co(function* () {
          const writing = spawn(stdout().writeAll(new Uint8Array(3_000_000)));
          while (turns < 20) yield* sleep(1);
          yield* stderr().writeAll(new TextEncoder().encode(writing.isFinished + "\\n"));
          yield* writing;
          yield* stdout().flush();
        });
        await run(main());
        clearInterval(ticks);
      `);
      const child = yield* new Command(process.execPath, args, { stdout: "pipe", stderr: "pipe" }).spawn();
      const buf = new Uint8Array(100);
      const size = yield* child.stderr?.read(buf) ?? expect.fail();
      const { stdout, status } = yield* child.output();
      child.close();
      return [text(buf.subarray(0, size)), stdout.length, status.code];
    });
    expect(await run(main())).toEqual(["false\n", 3_000_000, 0]);
  });

  test("any number of tasks may write, each waits for its turn, and nothing is lost", async () => {
    const { stdout } = await programs.run(`
      const write = co(function* (letter) {
        const out = stdout();
        for (let i = 0; i < 20; i++) yield* out.writeAll(new Uint8Array(10_000).fill(letter));
      });
      const main = co(function* () {
        yield* join(write(97), write(98), write(99));
        yield* stdout().flush();
      });
      await run(main());
    `);
    expect([stdout.length, ...["a", "b", "c"].map((letter) => stdout.split(letter).length - 1)]).toEqual([
      600_000, 200_000, 200_000, 200_000,
    ]);
  });

  test("write to a file", async () => {
    const fd = openSync(at("out"), "w");
    await programs.runWith(COUNT, ["ignore", fd, "pipe"]);
    closeSync(fd);
    expect(readFileSync(at("out"), "utf8")).toBe("0 bytes\n");
  });

  test("fail with EPIPE where the other side is gone", async () => {
    const main = co(function* () {
      const args = programs.args(`
        const main = co(function* () {
          const out = stdout();
          yield* stdin().read(new Uint8Array(1));
          try {
            for (;;) yield* out.writeAll(new Uint8Array(100_000));
          } catch (error) {
            yield* stderr().writeAll(new TextEncoder().encode(error.code));
          }
        });
        await run(main());
      `);
      const stdio = { stdin: "pipe", stdout: "pipe", stderr: "pipe" } as const;
      const child = yield* new Command(process.execPath, args, stdio).spawn();
      child.stdout?.close();
      yield* child.stdin?.writeAll(Uint8Array.of(1)) ?? expect.fail();
      const said = yield* child.stderr?.readToString() ?? expect.fail();
      yield* child.wait();
      child.close();
      return said;
    });
    expect(await run(main())).toBe("EPIPE");
  });

  test("closed, refuse, and leave the output open", async () => {
    const { stdout, status } = await programs.run(`
      const out = stdout();
      out.close();
      console.log(await run(out.write(new Uint8Array(1))).catch((error) => error.code));
    `);
    expect([stdout, status]).toEqual(["POLLUX_CLOSED\n", 0]);
  });
});

describe("a terminal", () => {
  /** `script` runs a command on a terminal of its own. */
  test("is read line by line, and written to", async () => {
    const main = co(function* () {
      const source = `
        const main = co(function* () {
          const buf = new Uint8Array(100);
          const size = yield* stdin().read(buf);
          const out = stdout();
          yield* out.writeAll(new TextEncoder().encode(process.stdin.isTTY + " " + size + " END\\n"));
          yield* out.flush();
        });
        await run(main());
      `;
      writeFileSync(at("program.mjs"), programs.args(source)[2] ?? "");
      const command = `${process.execPath} ${at("program.mjs")}`;
      const child = yield* new Command("script", ["-qec", command, "/dev/null"], {
        stdin: "pipe",
        stdout: "pipe",
      }).spawn();
      yield* child.stdin?.writeAll(new TextEncoder().encode("hello\n")) ?? expect.fail();
      let said = "";
      const buf = new Uint8Array(1000);
      for (let n: number; (n = yield* child.stdout?.read(buf) ?? expect.fail()) > 0; )
        said += text(buf.subarray(0, n));
      const { code } = yield* child.wait();
      child.close();
      return [said, code];
    });
    const [said, code] = await run(main());
    expect(said).toContain("true 6 END");
    expect(code).toBe(0);
  });
});
