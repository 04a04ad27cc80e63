import { co, End, Future, Pending, type Poll, run, type StreamSource, yieldNow } from "pollux";
import { describe, expect, test } from "vitest";
import { compiled } from "./support/evaluate.ts";

type Coroutine = (...args: unknown[]) => Future<unknown>;

function main(body: string, globals: Record<string, unknown> = {}): Coroutine {
  const source = `import { co } from "pollux";\nexport const main = co(async (...args) => {\n${body}\n});`;
  return compiled(source, globals)["main"] as Coroutine;
}

/** Gives 1, 2 and 3, each at the second poll; says when it is given up. */
class Numbers implements StreamSource<number> {
  private next = 1;
  private isReady = false;
  isCancelled = false;

  pollNext(cx: Parameters<StreamSource<number>["pollNext"]>[0]): Poll<number | typeof End> {
    this.isReady = !this.isReady;
    if (this.isReady) {
      cx.wake();
      return Pending;
    }
    return this.next > 3 ? End : this.next++;
  }

  cancel(): Poll<void> {
    this.isCancelled = true;
  }
}

describe("for await", () => {
  test("goes over a stream", async () => {
    const numbers = new Numbers();
    const sum = main("let sum = 0; for await (const n of numbers) sum += n; return sum;", { numbers });
    expect(await run(sum())).toBe(6);
    expect(numbers.isCancelled).toBe(false);
  });

  test("gives a stream up that it leaves early", async () => {
    const numbers = new Numbers();
    const first = main("for await (const n of numbers) return n;", { numbers });
    expect(await run(first())).toBe(1);
    expect(numbers.isCancelled).toBe(true);
  });

  test("goes over an async generator, and closes it", async () => {
    const log: string[] = [];
    async function* count(): AsyncGenerator<number> {
      try {
        for (let i = 1; ; i++) yield i;
      } finally {
        log.push("closed");
      }
    }
    const sum = main(
      "let sum = 0; for await (const n of count()) { sum += n; if (n === 4) break; } return sum;",
      {
        count,
      },
    );
    expect(await run(sum())).toBe(10);
    expect(log).toEqual(["closed"]);
  });

  test("goes over a Web stream", async () => {
    const stream = new ReadableStream<string>({
      start(controller): void {
        controller.enqueue("a");
        controller.enqueue("b");
        controller.close();
      },
    });
    expect(
      await run(
        main("let all = ''; for await (const each of stream) all += each; return all;", { stream })(),
      ),
    ).toBe("ab");
  });

  test("goes over an iterable of promises and futures", async () => {
    const list = [
      1,
      Promise.resolve(2),
      co(function* () {
        yield* yieldNow();
        return 3;
      })(),
    ];
    expect(
      await run(main("const all = []; for await (const n of list) all.push(n); return all;", { list })()),
    ).toEqual([1, 2, 3]);
  });

  test("an error of the body closes the source, and is the one that is seen", async () => {
    const log: string[] = [];
    const source = {
      [Symbol.asyncIterator]: () => ({
        next: () => Promise.resolve({ done: false, value: 1 }),
        return: () => {
          log.push("closed");
          return Promise.reject(new Error("close"));
        },
      }),
    };
    const failing = main("for await (const n of source) throw new Error('body');", { source });
    await expect(run(failing())).rejects.toThrow("body");
    expect(log).toEqual(["closed"]);
  });
});

describe("using", () => {
  const resource = (name: string, log: string[]): Disposable => ({
    [Symbol.dispose](): void {
      log.push(`dispose ${name}`);
    },
  });

  test("disposes at the end of the block, last first", async () => {
    const log: string[] = [];
    const body = `{ using a = resource("a", log); using b = resource("b", log); await 1; log.push("body"); } log.push("after");`;
    await run(main(body, { resource, log })());
    expect(log).toEqual(["body", "dispose b", "dispose a", "after"]);
  });

  test("await using waits for what is disposed of", async () => {
    const log: string[] = [];
    const later = {
      [Symbol.asyncDispose]: co(function* () {
        yield* yieldNow();
        log.push("disposed");
      }),
    };
    await run(main(`{ await using x = later; log.push("body"); } log.push("after");`, { later, log })());
    expect(log).toEqual(["body", "disposed", "after"]);
  });

  test("an error of the block and one of a disposal are both kept", async () => {
    const failing = {
      [Symbol.dispose](): void {
        throw new Error("disposal");
      },
    };
    const error = await run(main("using x = failing; throw new Error('body');", { failing })()).catch(
      (reason: unknown) => reason as { error: Error; suppressed: Error },
    );
    expect(error).toMatchObject({
      name: "SuppressedError",
      error: { message: "disposal" },
      suppressed: { message: "body" },
    });
  });

  test("a cancel disposes", () => {
    const log: string[] = [];
    class Never extends Future<void> {
      override poll(): Poll<void> {
        return Pending;
      }
    }
    const never = new Never();
    const cx = { resumed: null } as never;
    const future = main(`using a = resource("a", log); await never;`, { resource, log, never })();
    expect(future.poll(cx)).toBe(Pending);
    expect(future.cancel(cx)).toBeUndefined();
    expect(log).toEqual(["dispose a"]);
  });
});

describe("labels", () => {
  test("a block is left for its end from within a statement, where a branch leads there too", async () => {
    let asked = 0;
    const leaves = (answer: boolean) => (): boolean => {
      if (++asked > 3) throw new Error("it began anew");
      return answer;
    };
    const leave = main(`
      end: {
        if (args[0]()) break end;
        if (args[1]) throw await args[1];
      }
    `);
    expect(await run(leave(leaves(true)))).toBeUndefined();
    expect(await run(leave(leaves(false), null))).toBeUndefined();
    await expect(run(leave(leaves(false), 7))).rejects.toBe(7);
    expect(asked).toBe(3);
  });
});
