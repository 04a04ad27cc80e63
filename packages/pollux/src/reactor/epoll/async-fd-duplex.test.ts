import { describe, expect, test } from "vitest";
import { co } from "../../core/coroutine.ts";
import { Pending } from "../../core/poll.ts";
import { Runtime } from "../../runtime/runtime.ts";
import { yieldNow } from "../../task/yield-now.ts";
import { AsyncFd } from "./async-fd.ts";
import { AF_UNIX, EPOLL_CTL_ADD, EPOLLIN, SHUT_WR, SOCK_STREAM } from "./constants.ts";
import { requireNative } from "./epoll-of-thread.ts";
import type { Trigger } from "./fd-interest.ts";
import { loadNative } from "./native.ts";
import { OwnedFd } from "./owned-fd.ts";

// What libuv's test-poll.c does: connections with both directions busy, in small pieces and at random moments; and an epoll
// descriptor that is watched itself.

const SIZE = 20_000;

/** The same numbers at each run. */
function seeded(): (below: number) => number {
  let state = 20_251;
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) & 0x7fff_ffff;
    return state % below;
  };
}

describe.runIf("native" in loadNative())("async fd, as libuv polls", () => {
  const runtime = new Runtime();

  const streams = (): [OwnedFd, OwnedFd] => {
    const native = requireNative("a test");
    const fds = new Int32Array(2);
    native.socketPair(AF_UNIX, SOCK_STREAM, new Uint8Array(fds.buffer));
    const [one, two] = [...fds].map((fd) => OwnedFd.adopt(native.release(fd)));
    if (one === undefined || two === undefined) throw new Error("a pair is two");
    return [one, two];
  };

  test.each<Trigger>(["edge", "level"])(
    "%s-triggered, both directions of many connections are carried to their ends",
    async (trigger) => {
      const random = seeded();
      const native = requireNative("a test");
      let empty = 0;
      let reads = 0;
      const reader = co(function* (fd: OwnedFd, ready: AsyncFd) {
        const buf = new Uint8Array(300);
        let sum = 0;
        for (;;) {
          const guard = yield* ready.readable();
          if (random(5) === 0) {
            // Told, and left for later: it must be told again.
            yield* yieldNow();
            continue;
          }
          const size = guard.tryIo(() => fd.read(buf.subarray(0, 1 + random(299))));
          reads++;
          if (size === Pending) empty++;
          else if (size === 0) return sum;
          else for (const byte of buf.subarray(0, size)) sum += byte;
        }
      });
      const writer = co(function* (fd: OwnedFd, ready: AsyncFd) {
        const buf = new Uint8Array(1000).fill(1);
        for (let left = SIZE; left > 0; ) {
          const piece = buf.subarray(0, Math.min(left, 1 + random(999)));
          left -= yield* ready.io({ write: true }, () => fd.write(piece));
          if (random(4) === 0) yield* yieldNow();
        }
        expect(native.shutdown(fd.fd, SHUT_WR)).toBe(0);
      });
      const pairs = Array.from({ length: 20 }, streams);
      const ends = pairs
        .flat()
        .map((fd) => ({ fd, ready: AsyncFd.register(fd, { read: true, write: true, trigger }) }));
      const readers = ends.map(({ fd, ready }) => runtime.spawn(reader(fd, ready)));
      const writers = ends.map(({ fd, ready }) => runtime.spawn(writer(fd, ready)));
      expect(await Promise.all(readers)).toEqual(ends.map(() => SIZE));
      await Promise.all(writers);
      // Level-triggered nobody is told in vain; edge-triggered, once for each time that all was read.
      if (trigger === "level") expect(empty).toBe(0);
      else expect(empty).toBeLessThan(reads / 2);
      for (const { fd, ready } of ends) {
        ready.close();
        fd.close();
      }
      expect(runtime.handle.outstanding).toBe(0);
    },
  );

  test("an epoll descriptor is a descriptor, too", async () => {
    const native = requireNative("a test");
    const epoll = native.epollCreate();
    const [reader, writer] = OwnedFd.pipe();
    native.epollControl(epoll, EPOLL_CTL_ADD, reader.fd, EPOLLIN, 0, 0);
    const ready = AsyncFd.register(epoll, { read: true });
    const readable = runtime.spawn(ready.readable());
    writer.write(Buffer.from("x"));
    expect((await readable).ready.isReadable).toBe(true);
    ready.close();
    for (const each of [reader, writer]) each.close();
    native.close(epoll);
  });
});
