import { expect, test } from "vitest";
import { map } from "../../../src/combine/map.ts";
import { select } from "../../../src/combine/select.ts";
import { tryJoin } from "../../../src/combine/try-join.ts";
import { co } from "../../../src/core/coroutine.ts";
import type { Future } from "../../../src/core/future.ts";
import { type CopyBidirectional, copyBidirectional } from "../../../src/io/copy-bidirectional.ts";
import { mock } from "../../../src/io/mock.ts";
import { TcpListener } from "../../../src/net/tcp-listener.ts";
import { TcpStream } from "../../../src/net/tcp-stream.ts";
import { Runtime, run } from "../../../src/runtime/runtime.ts";
import type { JoinHandle } from "../../../src/task/join-handle.ts";
import { spawn } from "../../../src/task/spawn.ts";
import { sleep } from "../../../src/time/sleep.ts";
import { yieldsAtTimes } from "../../support/cooperative.ts";
import { text, utf8 } from "../../support/io.ts";
import { reactors } from "../../support/reactors.ts";

const socketPair = co(function* () {
  const listener = yield* TcpListener.bind({ host: "127.0.0.1", port: 0 });
  try {
    return yield* tryJoin(TcpStream.connect(listener.localAddress), listener.accept());
  } finally {
    listener.close();
  }
});

/** Writes until nothing is taken over any more. */
const blockWrite = co(function* (stream: TcpStream) {
  const buf = new Uint8Array(65_536);
  let written = 0;
  for (;;) {
    const turn = yield* select({ write: stream.write(buf), late: sleep(20) }, { biased: true });
    if (turn.key === "late") return written;
    written += turn.value;
  }
});

type Body = (handle: JoinHandle<[number, number]>, a: TcpStream, b: TcpStream) => Future<void>;

/** The two streams in between are handed over in both orders. */
const cases = reactors.flatMap(([name, options]) =>
  ["a, b", "b, a"].map((order) => ({ order, name, options })),
);

for (const { order, name, options } of cases) {
  const symmetric = (body: Body): Promise<void> =>
    new Runtime(options).run(
      co(function* () {
        const [a, a1] = yield* socketPair();
        const [b, b1] = yield* socketPair();
        const proxy: CopyBidirectional =
          order === "a, b" ? copyBidirectional(a1, b1) : copyBidirectional(b1, a1);
        const ordered = map(proxy, ([x, y]): [number, number] => (order === "a, b" ? [x, y] : [y, x]));
        const handle = spawn(ordered).observed();
        try {
          yield* body(handle, a, b);
        } finally {
          for (const stream of [a, a1, b, b1]) stream.close();
        }
      })(),
    );

  test(`test_basic_transfer: what one side writes the other one reads; as ${order}, on ${name}`, () =>
    symmetric(
      co(function* (_handle, a, b) {
        yield* a.writeAll(utf8("test"));
        const buf = new Uint8Array(4);
        yield* b.readExact(buf);
        expect(text(buf)).toBe("test");
      }),
    ));

  test(`test_transfer_after_close: when one side has ended, the other direction goes on; as ${order}, on ${name}`, () =>
    symmetric(
      co(function* (handle, a, b) {
        yield* a.shutdown();
        expect(yield* b.readToEnd()).toHaveLength(0);
        yield* b.writeAll(utf8("quux"));
        const buf = new Uint8Array(4);
        yield* a.readExact(buf);
        expect(text(buf)).toBe("quux");
        b.close();
        expect(yield* handle).toEqual([0, 4]);
      }),
    ));

  test(`blocking_one_side_does_not_block_other: a side that is not read from does not hold up the other direction; as ${order}, on ${name}`, () =>
    symmetric(
      co(function* (handle, a, b) {
        const written = yield* blockWrite(a);
        yield* b.writeAll(utf8("quux"));
        const buf = new Uint8Array(4);
        yield* a.readExact(buf);
        expect(text(buf)).toBe("quux");
        // On Node's reactor a socket ends when all that is before it has gone: that needs somebody who reads.
        const [, read] = yield* tryJoin(a.shutdown(), b.readToEnd());
        expect(read.length).toBe(written);
        b.close();
        expect(yield* handle).toEqual([written, 4]);
      }),
    ));
}

test("immediate_exit_on_write_error: a write that fails ends both directions", async () => {
  const payload = "here, take this";
  const error = new Error("no thanks!");
  const a = mock({ read: payload }, { writeError: error });
  const b = mock({ read: payload }, { writeError: error });
  await expect(run(copyBidirectional(a, b))).rejects.toBe(error);
});

test("immediate_exit_on_read_error: and so does a read", async () => {
  const error = new Error("got nothing!");
  const a = mock({ readError: error });
  const b = mock({ readError: error });
  await expect(run(copyBidirectional(a, b))).rejects.toBe(error);
});

test("copy_bidirectional_is_cooperative: copies that are ready at once let others run", () => {
  const payload = "here, take this";
  return yieldsAtTimes(() =>
    copyBidirectional(
      mock({ read: payload }, { write: payload }),
      mock({ read: payload }, { write: payload }),
    ),
  );
});
