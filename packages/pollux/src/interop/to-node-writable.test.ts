import { once } from "node:events";
import { pipeline } from "node:stream/promises";
import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { RoomyWriter } from "../../test/support/memory-bytes.ts";
import { until } from "../../test/support/net.ts";
// Gives the default runtime.
import "../runtime/default.ts";
import { toNodeWritable } from "./to-node-writable.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("toNodeWritable", () => {
  test("writes the chunks in order; end shuts the writer down and closes it before finish", async () => {
    const target = new RoomyWriter();
    const writable = toNodeWritable(target);
    writable.write("a");
    writable.write(bytes("b"));
    writable.end();
    await once(writable, "finish");
    expect([target.text, target.isShutDown, target.closes]).toEqual(["ab", true, 1]);
  });

  test("says when it is full, and drains", async () => {
    const target = new RoomyWriter(2);
    const writable = toNodeWritable(target, { highWaterMark: 4 });
    expect([writable.write("abc"), writable.write("d")]).toEqual([true, false]);
    await turn();
    expect(target.text).toBe("ab");
    target.give(2);
    await once(writable, "drain");
    expect(target.text).toBe("abcd");
  });

  test("destroy cancels the write that waits, and closes the writer", async () => {
    const target = new RoomyWriter(0);
    const writable = toNodeWritable(target);
    writable.write("a");
    await turn();
    expect(target.isWaiting).toBe(true);
    writable.destroy();
    await once(writable, "close");
    expect([target.cancels, target.closes, target.isShutDown]).toEqual([1, 1, false]);
  });

  test("a failed write destroys it with the same error, and closes the writer", async () => {
    const failure = new Error("failed");
    const target = new RoomyWriter(0);
    target.fail(failure);
    await expect(pipeline(["a"], toNodeWritable(target))).rejects.toBe(failure);
    await until(() => target.closes === 1);
  });

  test("takes a sink for objects", async () => {
    const given: unknown[] = [];
    await pipeline(
      [1, { two: 2 }],
      toNodeWritable({
        write: (chunk) => {
          given.push(chunk);
        },
      }),
    );
    expect(given).toEqual([1, { two: 2 }]);
    expect(() => (toNodeWritable as (sink: unknown) => unknown)(1)).toThrow(
      "toNodeWritable needs a writer or an object",
    );
  });
});
