import { PassThrough } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { co } from "../core/coroutine.ts";
// Gives the default runtime.
import "../runtime/default.ts";
import { run } from "../runtime/runtime.ts";
import { Stream } from "../stream/stream.ts";
import { spawn } from "../task/spawn.ts";
import { fromPromise } from "./promise.ts";
import { readerFromNode } from "./reader-from-node.ts";
import { toNodeReadable } from "./to-node-readable.ts";
import { writerFromNode } from "./writer-from-node.ts";

describe("back-pressure", () => {
  test("bytes in flight are bounded from a stream of the library through Node and back", async () => {
    const CHUNK = 1000;
    let made = 0;
    const source = Stream.pollFn(() => {
      made++;
      return new Uint8Array(CHUNK);
    });
    const readable = toNodeReadable(source, { highWaterMark: 4 });
    const through = new PassThrough({ highWaterMark: 4 * CHUNK, readableHighWaterMark: 4 * CHUNK });
    readable.pipe(through);
    const reader = readerFromNode(through);
    const buf = new Uint8Array(CHUNK);
    let read = 0;
    let most = 0;
    const main = co(function* () {
      for (let n = 0; n < 200; n++) {
        read += yield* reader.read(buf);
        // Whoever is behind has time to run ahead.
        for (let k = 0; k < 3; k++) yield* fromPromise(turn());
        most = Math.max(most, made * CHUNK - read);
      }
    });
    await run(main());
    // Four values in the Readable, and twice 4 KB in the PassThrough, and one on its way in each.
    expect(most).toBeLessThanOrEqual(16 * CHUNK);
    readable.destroy();
    reader.close();
  });

  test("a writer over Node's stream is held up by a slow reader, and holds no more than the marks", async () => {
    const through = new PassThrough({ highWaterMark: 2000 });
    const writer = writerFromNode(through);
    let written = 0;
    const main = co(function* () {
      const task = spawn(
        co(function* () {
          for (;;) written += yield* writer.write(new Uint8Array(500));
        })(),
      );
      for (let k = 0; k < 50; k++) yield* fromPromise(turn());
      const first = written;
      expect(first).toBeLessThanOrEqual(5000);
      through.read();
      for (let k = 0; k < 50; k++) yield* fromPromise(turn());
      expect(written).toBeGreaterThan(first);
      expect(written).toBeLessThanOrEqual(first + 5000);
      task.abort();
    });
    await run(main());
    writer.close();
  });
});
