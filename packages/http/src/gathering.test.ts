import { type Context, co, Pending, type Poll, Reader, Runtime } from "pollux";
import { expect, test } from "vitest";
import { cancelAtEveryPoll } from "../test/support/cancel-at-every-poll.ts";
import { Gathering } from "./gathering.ts";

/** Gives parts of so many bytes, each after what comes before it has settled. */
class Parts extends Reader {
  cancels = 0;
  private readonly parts: (number | (() => Promise<unknown>))[];

  constructor(...parts: (number | (() => Promise<unknown>))[]) {
    super();
    this.parts = parts;
  }

  override pollRead(cx: Context, buf: Uint8Array): Poll<number> {
    const [part = 0] = this.parts;
    if (typeof part === "number") {
      this.parts.shift();
      buf.fill(1, 0, part);
      return part;
    }
    const { waker } = cx;
    this.parts[0] = () => new Promise(() => {});
    void part().then(() => {
      this.parts.shift();
      waker.wake();
    });
    return Pending;
  }

  override cancelRead(): void {
    this.cancels++;
  }

  override close(): void {
    // It holds nothing.
  }
}

const soon = () => Promise.resolve();

async function gathered(reader: Reader): Promise<[isWhole: boolean, size: number]> {
  const gathering = new Gathering(reader);
  const isWhole = await new Runtime().run(gathering);
  return [isWhole, gathering.bytes.length];
}

test("Gathering: what comes before the turn is over is whole", async () => {
  expect(await gathered(new Parts())).toEqual([true, 0]);
  expect(await gathered(new Parts(3, 4))).toEqual([true, 7]);
  expect(await gathered(new Parts(soon, 3, soon, 4, soon))).toEqual([true, 7]);
});

test("Gathering: what comes later is not waited for", async () => {
  expect(await gathered(new Parts(() => new Promise(() => {})))).toEqual([false, 0]);
  expect(await gathered(new Parts(3, () => new Promise(() => {}), 4))).toEqual([false, 3]);
});

test("Gathering: of what is endless it takes no more than is good to be sent at once", async () => {
  const [isWhole, size] = await gathered(new Parts(...new Array<number>(1000).fill(1000)));
  expect(isWhole).toBe(false);
  expect(size).toBeGreaterThanOrEqual(65_536);
  expect(size).toBeLessThan(70_000);
});

test("Gathering: what the reader fails with it fails with", async () => {
  const reader = new Parts(3, 4);
  reader.pollRead = () => {
    throw new Error("broken");
  };
  await expect(gathered(reader)).rejects.toThrow("broken");
});

test("Gathering: cancelled at any poll, it gives up the read and leaves no turn behind", async () => {
  const polls = await cancelAtEveryPoll(async (cancelAt) => {
    const runtime = new Runtime();
    const reader = new Parts(soon, 3, soon, 4);
    let isCancelled = false;
    const main = co(function* () {
      isCancelled = yield* cancelAt(new Gathering(reader));
    });
    await runtime.run(main());
    expect(reader.cancels).toBe(isCancelled ? 1 : 0);
    expect(runtime.handle.outstanding).toBe(0);
    return isCancelled;
  });
  expect(polls).toBeGreaterThan(2);
});
