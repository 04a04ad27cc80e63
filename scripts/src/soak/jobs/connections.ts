import { co, type Future, scope, TcpStream, UnixStream } from "pollux";
import { check, codeOf, type Job, sameBytes, type World } from "../job.ts";
import type { Random } from "../random.ts";
import { type Connection, reset } from "../servers.ts";

/** What a peer that breaks off comes to. */
const BROKEN: ReadonlySet<string | undefined> = new Set([
  "ECONNRESET",
  "EPIPE",
  "POLLUX_CLOSED",
  "BROKEN_OFF",
]);

/** The end came before what was to come. */
class BrokenOff extends Error {
  readonly code = "BROKEN_OFF";
}

const send = co(function* (stream: Connection, bytes: Uint8Array, random: Random) {
  for (let at = 0; at < bytes.length; ) {
    const size = 1 + random.below(8000);
    yield* stream.writeAll(bytes.subarray(at, at + size));
    at += size;
  }
});

const receive = co(function* (stream: Connection, bytes: Uint8Array) {
  const buf = new Uint8Array(8192);
  for (let at = 0; at < bytes.length; ) {
    const size = yield* stream.read(buf);
    if (size === 0) throw new BrokenOff(`the end after ${at} of ${bytes.length} bytes`);
    check(sameBytes(buf.subarray(0, size), bytes.subarray(at, at + size)), "bytes are others");
    at += size;
  }
});

/** Sends bytes and reads them back; some leave in the middle. */
const exchange = co(function* (connect: () => Future<Connection>, random: Random) {
  const stream = yield* connect();
  try {
    const bytes = random.bytes(1 + random.below(30_000));
    if (random.chance(5)) {
      yield* stream.write(bytes);
      if (random.chance(50)) reset(stream);
      return;
    }
    yield* scope(function* (s) {
      s.spawn(send(stream, bytes, random.fork()), { name: "sender" });
      yield* receive(stream, bytes);
    });
    yield* stream.shutdown();
    check((yield* stream.read(new Uint8Array(1))) === 0, "there is more than was sent");
  } finally {
    stream.close();
  }
});

const expects = (error: unknown): boolean => BROKEN.has(codeOf(error));

export const tcp: Job = {
  name: "tcp",
  weight: 30,
  start: ({ servers }: World, random) => exchange(() => TcpStream.connect(servers.tcp), random),
  expects,
};

export const unix: Job = {
  name: "unix",
  weight: 20,
  start: ({ servers }: World, random) => exchange(() => UnixStream.connect(servers.unix), random),
  expects,
};
