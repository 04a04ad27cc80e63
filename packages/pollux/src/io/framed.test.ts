import { expect, test } from "vitest";
import { pending, ready, TestContext } from "../../test/support/context.ts";
import { utf8 } from "../../test/support/io.ts";
import { join } from "../combine/join.ts";
import { co } from "../core/coroutine.ts";
import { ClosedError } from "../core/errors.ts";
import { End } from "../core/stream-source.ts";
import { run } from "../runtime/runtime.ts";
import { spawn } from "../task/spawn.ts";
import { duplex } from "./duplex-stream.ts";
import { Framed } from "./framed.ts";
import { jsonLines } from "./json-lines.ts";
import { lengthDelimited } from "./length-delimited.ts";
import { linesCodec } from "./lines-codec.ts";

test("Framed: talks both ways over one connection, with back-pressure", () =>
  run(
    co(function* () {
      const [a, b] = duplex(16);
      const client = new Framed(a, linesCodec(), { highWaterMark: 32 });
      const server = new Framed(b, linesCodec(), { highWaterMark: 32 });
      const serve = co(function* () {
        for (let line: string | End; (line = yield* server.next()) !== End; ) {
          yield* server.send(line.toUpperCase());
        }
        yield* server.shutdown();
      });
      const ask = co(function* () {
        for (let i = 0; i < 100; i++) yield* client.feed(`request ${i}`);
        yield* client.shutdown();
      });
      const hear = co(function* () {
        const answers: string[] = [];
        for (let line: string | End; (line = yield* client.next()) !== End; ) answers.push(line);
        return answers;
      });
      const [answers] = yield* join(spawn(hear()), spawn(ask()), spawn(serve()));
      expect(answers).toEqual(Array.from({ length: 100 }, (_, i) => `REQUEST ${i}`));
    })(),
  ));

test("Framed: split gives each direction to its own task; closing both closes the connection", () => {
  const [a, b] = duplex(64);
  const framed = new Framed(a, linesCodec());
  ready(b.writeAll(utf8("one\ntwo\n")));
  expect(ready(framed.next())).toBe("one");
  const [reader, writer] = framed.split();
  // What was read and not decoded goes along.
  expect(ready(reader.next())).toBe("two");
  ready(writer.send("bye"));
  writer.close();
  expect(ready(new Framed(b, linesCodec()).next())).toBe("bye");
  reader.close();
  expect(() => ready(b.write(utf8("x")))).toThrow(ClosedError);
});

test("Framed: withCodec goes on with what is there, in both directions", () => {
  const [a, b] = duplex(64);
  ready(b.writeAll(utf8("upgrade\n\0\0\0\x02hi")));
  const lines = new Framed(a, linesCodec());
  expect(ready(lines.next())).toBe("upgrade");
  const frames = lines.withCodec(lengthDelimited());
  expect(ready(frames.next())).toEqual(utf8("hi"));
  ready(frames.send(utf8("yo")));
  const buf = new Uint8Array(6);
  ready(b.readExact(buf));
  expect(buf).toEqual(utf8("\0\0\0\x02yo"));
});

test("Framed: to give it up, or to close it, closes the connection, and ends who waits", () => {
  for (const end of ["cancel", "close"] as const) {
    const [a, b] = duplex(64);
    const framed = new Framed(a, jsonLines());
    const waiting = framed.next();
    const cx = pending(waiting);
    if (end === "cancel") framed.cancel(new TestContext());
    else framed.close();
    expect(cx.wakes).toBe(1);
    expect(ready(waiting)).toBe(End);
    expect(ready(b.readToEnd())).toHaveLength(0);
  }
});
