import { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { ReadableStream, WritableStream } from "node:stream/web";
import { type Context, copy, Pending, type Poll, Reader, run, Writer } from "pollux";
import { check } from "../core/check.ts";
import type { TimedCase } from "../harness/case.ts";

// A source has bytes as the system has those of a file or a socket: it copies them into memory of whoever reads. For Node
// and the Web that is a new piece each time, since nobody says when the last one is no longer used.

const PIECE = 65_536;
const BYTES = Buffer.alloc(PIECE, "pollux");

class Source extends Reader {
  private left: number;

  constructor(pieces: number) {
    super();
    this.left = pieces;
  }

  override pollRead(cx: Context, buf: Uint8Array): Poll<number> {
    if (!cx.takeBudget()) return Pending;
    if (this.left === 0) return 0;
    this.left--;
    buf.set(BYTES);
    return PIECE;
  }

  override cancelRead(): void {}
  override close(): void {}
}

class Sink extends Writer {
  bytes = 0;

  override pollWrite(cx: Context, buf: Uint8Array): Poll<number> {
    if (!cx.takeBudget()) return Pending;
    this.bytes += buf.length;
    return buf.length;
  }

  override pollFlush(): Poll<void> {
    return undefined;
  }

  override pollShutdown(): Poll<void> {
    return undefined;
  }

  override cancelWrite(): void {}
  override close(): void {}
}

/** A piece of memory with the bytes in it. */
function piece(): Buffer {
  const copied = Buffer.allocUnsafeSlow(PIECE);
  copied.set(BYTES);
  return copied;
}

async function pollux(pieces: number): Promise<number> {
  const sink = new Sink();
  check(await run(copy(new Source(pieces), sink, { bufferSize: PIECE })), pieces * PIECE);
  return sink.bytes;
}

async function node(pieces: number): Promise<number> {
  let left = pieces;
  let bytes = 0;
  const source = new Readable({
    highWaterMark: PIECE,
    read() {
      this.push(left-- > 0 ? piece() : null);
    },
  });
  const sink = new Writable({
    highWaterMark: PIECE,
    write(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      done();
    },
  });
  await pipeline(source, sink);
  return bytes;
}

async function web(pieces: number): Promise<number> {
  let left = pieces;
  let bytes = 0;
  const source = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (left-- > 0) controller.enqueue(piece());
      else controller.close();
    },
  });
  const sink = new WritableStream<Uint8Array>({
    write(chunk) {
      bytes += chunk.length;
    },
  });
  await source.pipeTo(sink);
  return bytes;
}

async function* asyncPieces(pieces: number): AsyncGenerator<Uint8Array> {
  for (let n = 0; n < pieces; n++) yield piece();
}

async function asyncIterable(pieces: number): Promise<number> {
  let bytes = 0;
  const write = async (chunk: Uint8Array): Promise<void> => {
    bytes += chunk.length;
  };
  for await (const chunk of asyncPieces(pieces)) await write(chunk);
  return bytes;
}

function peer(copied: (pieces: number) => Promise<number>) {
  return async (pieces: number): Promise<void> => check(await copied(pieces), pieces * PIECE);
}

export const copy1gb: TimedCase = {
  name: "copy-1gb",
  about: "64 KiB of 1 GiB from a source to a sink, both in memory",
  unit: "ns/op",
  batch: { full: 16_384, quick: 1024 },
  targets: [
    { peer: "node-streams", atMost: 0.8 },
    { peer: "web-streams", atMost: 0.5 },
  ],
  peers: {
    pollux: peer(pollux),
    "async-iterable": peer(asyncIterable),
    "web-streams": peer(web),
    "node-streams": peer(node),
  },
};
