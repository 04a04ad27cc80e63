import { expect, test } from "vitest";
import { tryJoin } from "../../../src/combine/try-join.ts";
import { co } from "../../../src/core/coroutine.ts";
import { ClosedError } from "../../../src/core/errors.ts";
import { duplex } from "../../../src/io/duplex-stream.ts";
import { run } from "../../../src/runtime/runtime.ts";
import { spawn } from "../../../src/task/spawn.ts";
import { ready } from "../../support/context.ts";
import { yieldsAtTimes } from "../../support/cooperative.ts";
import { text, utf8 } from "../../support/io.ts";

test("ping_pong: each end reads what the other one has written", () =>
  run(
    co(function* () {
      const [a, b] = duplex(32);
      const buf = new Uint8Array(4);
      yield* a.writeAll(utf8("ping"));
      yield* b.readExact(buf);
      expect(text(buf)).toBe("ping");
      yield* b.writeAll(utf8("pong"));
      yield* a.readExact(buf);
      expect(text(buf)).toBe("pong");
    })(),
  ));

test("across_tasks: also from one task to another", () =>
  run(
    co(function* () {
      const [a, b] = duplex(32);
      const one = spawn(
        co(function* () {
          yield* a.writeAll(utf8("ping"));
          const buf = new Uint8Array(4);
          yield* a.readExact(buf);
          return text(buf);
        })(),
      );
      const other = spawn(
        co(function* () {
          const buf = new Uint8Array(4);
          yield* b.readExact(buf);
          yield* b.writeAll(utf8("pong"));
          return text(buf);
        })(),
      );
      expect(yield* tryJoin(one, other)).toEqual(["pong", "ping"]);
    })(),
  ));

test("disconnect: after a close the other end reads what was written, and then the end", () =>
  run(
    co(function* () {
      const [a, b] = duplex(32);
      yield* a.writeAll(utf8("ping"));
      a.close();
      const buf = new Uint8Array(32);
      expect(yield* b.read(buf)).toBe(4);
      expect(yield* b.read(buf)).toBe(0);
    })(),
  ));

test("disconnect_reader: a writer that waits for room fails when the other end is closed", async () => {
  const [a, b] = duplex(2);
  const main = co(function* () {
    const writing = spawn(b.writeAll(utf8("ping"))).observed();
    yield* spawn(
      co(function* () {
        a.close();
      })(),
    );
    yield* writing;
  });
  await expect(run(main())).rejects.toBeInstanceOf(ClosedError);
});

test("max_write_size: a write takes over what there is room for", () => {
  const [a, b] = duplex(32);
  expect(ready(a.write(new Uint8Array(64)))).toBe(32);
  ready(b.readExact(new Uint8Array(4)));
  expect(ready(a.write(new Uint8Array(64)))).toBe(4);
});

test("zero_length_operations: to write nothing is possible where there is no room", () => {
  const [a] = duplex(1);
  expect(() => a.read(new Uint8Array(0))).toThrow(RangeError);
  ready(a.writeAll(utf8("x")));
  expect(ready(a.write(new Uint8Array(0)))).toBe(0);
  expect(ready(a.writeVectored([new Uint8Array(0), new Uint8Array(0)]))).toBe(0);
});

test("zero_length_writes_to_closed_stream: and fails where the other end is closed", () => {
  const [a, b] = duplex(1);
  b.close();
  expect(() => ready(a.write(new Uint8Array(0)))).toThrow(ClosedError);
  expect(() => ready(a.writeVectored([new Uint8Array(0), new Uint8Array(0)]))).toThrow(ClosedError);
});

test("duplex_is_cooperative: writes and reads that are ready at once let others run", () => {
  const [tx, rx] = duplex(8192);
  const buf = new Uint8Array(4096);
  return yieldsAtTimes(
    co(function* () {
      yield* tx.writeAll(buf);
      yield* rx.read(buf);
    }),
  );
});
