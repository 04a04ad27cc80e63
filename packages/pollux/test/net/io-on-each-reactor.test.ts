import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { join, joinAll } from "../../src/combine/join.ts";
import { co } from "../../src/core/coroutine.ts";
import { CancelledError, TimeoutError } from "../../src/core/errors.ts";
import type { Future } from "../../src/core/future.ts";
import { End } from "../../src/core/stream-source.ts";
import { BufReader } from "../../src/io/buf-reader.ts";
import { BufWriter } from "../../src/io/buf-writer.ts";
import { copy } from "../../src/io/copy.ts";
import { copyBidirectional } from "../../src/io/copy-bidirectional.ts";
import { Framed } from "../../src/io/framed.ts";
import { jsonLines } from "../../src/io/json-lines.ts";
import { repeat } from "../../src/io/repeat.ts";
import { take } from "../../src/io/take.ts";
import { TcpListener } from "../../src/net/tcp-listener.ts";
import { TcpStream } from "../../src/net/tcp-stream.ts";
import { Runtime } from "../../src/runtime/runtime.ts";
import { scope } from "../../src/task/scope.ts";
import { spawn } from "../../src/task/spawn.ts";
import { sleep } from "../../src/time/sleep.ts";
import { timeout } from "../../src/time/timeout.ts";
import { text, utf8 } from "../support/io.ts";
import { nothingLeft } from "../support/open-sources.ts";
import { reactors } from "../support/reactors.ts";
import { SimReactor } from "../support/sim-reactor.ts";

// Buffers, copies and codecs over connections, on every reactor.

const all = [...reactors, ["sim", { reactor: () => new SimReactor() }] as const];

describe.each(all)("io on the %s reactor", (_name, options) => {
  let runtime: Runtime;
  const go = <T>(future: Future<T>): Promise<T> => runtime.run(future);

  beforeEach(() => {
    runtime = new Runtime(options);
  });

  afterEach(async () => {
    await nothingLeft(runtime);
  });

  const connection = co(function* () {
    const listener = yield* TcpListener.bind("127.0.0.1:0");
    const pair = yield* join(listener.accept(), TcpStream.connect(listener.localAddress));
    listener.close();
    return pair;
  });

  test("readLine: a timeout in the middle of a line loses nothing of it", () =>
    go(
      co(function* () {
        const [theirs, ours] = yield* connection();
        const reader = new BufReader(ours);
        yield* theirs.writeAll(utf8("first\nsec"));
        expect(yield* reader.readLine()).toBe("first");
        let failure: unknown;
        try {
          yield* timeout(20, reader.readLine());
        } catch (error) {
          failure = error;
        }
        expect(failure).toBeInstanceOf(TimeoutError);
        yield* theirs.writeAll(utf8("ond\nlast"));
        theirs.close();
        expect(yield* reader.readLine()).toBe("second");
        expect(yield* reader.readLine()).toBe("last");
        expect(yield* reader.readLine()).toBe(End);
        reader.close();
      })(),
    ));

  test("Framed: a server answers many clients, each in its order, and nothing is left open", () =>
    go(
      co(function* () {
        const CLIENTS = 20;
        const REQUESTS = 20;
        const listener = yield* TcpListener.bind("127.0.0.1:0");
        const serve = co(function* (stream: TcpStream) {
          const frames = new Framed(stream, jsonLines());
          try {
            for (let frame: unknown; (frame = yield* frames.next()) !== End; ) yield* frames.send([frame]);
          } finally {
            frames.close();
          }
        });
        const ask = co(function* (client: number) {
          const stream = yield* TcpStream.connect(listener.localAddress);
          const frames = new Framed(stream, jsonLines());
          for (let n = 0; n < REQUESTS; n++) {
            yield* frames.feed({ client, n });
            if (n % 7 === 0) yield* frames.flush();
          }
          yield* frames.shutdown();
          const answers: unknown[] = [];
          for (let frame: unknown; (frame = yield* frames.next()) !== End; ) answers.push(frame);
          frames.close();
          expect(answers).toEqual(Array.from({ length: REQUESTS }, (_, n) => [{ client, n }]));
        });
        yield* scope(function* (s) {
          s.spawn(
            co(function* () {
              for (let n = 0; n < CLIENTS; n++) s.spawn(serve(yield* listener.accept()));
            })(),
          );
          yield* joinAll(Array.from({ length: CLIENTS }, (_, client) => ask(client)));
        });
        listener.close();
      })(),
    ));

  test("copyBidirectional: a proxy hands on both directions and their ends, and an abort closes what it holds", () =>
    go(
      co(function* () {
        const proxy = co(function* (a: TcpStream, b: TcpStream) {
          try {
            return yield* copyBidirectional(a, b);
          } finally {
            a.close();
            b.close();
          }
        });
        const [client, front] = yield* connection();
        const [back, server] = yield* connection();
        const copying = spawn(proxy(front, back));
        yield* client.writeAll(utf8("question"));
        yield* client.shutdown();
        expect(text(yield* server.readToEnd())).toBe("question");
        yield* server.writeAll(utf8("answer"));
        yield* server.shutdown();
        expect(text(yield* client.readToEnd())).toBe("answer");
        expect(yield* copying).toEqual([8, 6]);
        client.close();
        server.close();

        const [client2, front2] = yield* connection();
        const [back2, server2] = yield* connection();
        const aborted = spawn(proxy(front2, back2));
        yield* client2.writeAll(utf8("question"));
        yield* server2.readExact(new Uint8Array(8));
        aborted.abort();
        let failure: unknown;
        try {
          yield* aborted;
        } catch (error) {
          failure = error;
        }
        expect(failure).toBeInstanceOf(CancelledError);
        expect(yield* client2.readToEnd()).toHaveLength(0);
        expect(yield* server2.readToEnd()).toHaveLength(0);
        client2.close();
        server2.close();
      })(),
    ));

  test("BufWriter: many small writes arrive in their order, though the reader is slow", () =>
    go(
      co(function* () {
        const [theirs, ours] = yield* connection();
        const write = co(function* () {
          const writer = new BufWriter(ours, { capacity: 512 });
          for (let n = 0; n < 2000; n++) yield* writer.writeAllVectored([utf8(`line ${n}`), utf8("\n")]);
          yield* writer.shutdown();
        });
        const read = co(function* () {
          const reader = new BufReader(theirs, { capacity: 64 });
          const lines = reader.lines();
          let n = 0;
          for (let line: string | End; (line = yield* lines.next()) !== End; n++) {
            if (line !== `line ${n}`) expect(line).toBe(`line ${n}`);
            if (n % 500 === 0) yield* sleep(1);
          }
          return n;
        });
        const [, lines] = yield* join(write(), read());
        expect(lines).toBe(2000);
        theirs.close();
        ours.close();
      })(),
    ));

  test("copy: waits for who reads, and is not far ahead", () =>
    go(
      co(function* () {
        const SIZE = 64 * 1024 * 1024;
        const [theirs, ours] = yield* connection();
        const copying = copy(take(repeat(7), SIZE), ours);
        const task = spawn(copying).observed();
        yield* theirs.readExact(new Uint8Array(100_000));
        yield* sleep(20);
        const ahead = copying.copied - 100_000;
        // What is in the buffers of the system and of ours: that is not all there is.
        expect(ahead).toBeLessThan(SIZE / 2);
        task.abort();
        ours.close();
        const rest = yield* theirs.readToEnd();
        // What the copy has counted has arrived.
        expect(rest.length + 100_000).toBe(copying.copied);
        theirs.close();
      })(),
    ));
});
