import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { ReadableStream, TextDecoderStream, TransformStream } from "node:stream/web";
import { BufReader, type Context, co, End, Pending, type Poll, Reader, run } from "pollux";
import { check } from "../core/check.ts";
import type { TimedCase } from "../harness/case.ts";

// One iteration is 1 MiB of text, which comes in pieces of 64 KiB: lines go on from one to the next.

const BLOCK = 1_048_576;
const PIECE = 65_536;

/** Lines as in a log, 87 bytes on average; the last one fills the block. */
function makeText(): string {
  let text = "";
  for (let n = 0; ; n++) {
    const line = `2026-11-24T12:00:00.${String(n % 1000).padStart(3, "0")}Z info request ${n} GET /items/${n * 7919} ${"x".repeat(n % 48)}\n`;
    if (text.length + line.length > BLOCK) return `${text.slice(0, -1)}${"y".repeat(BLOCK - text.length)}\n`;
    text += line;
  }
}

const TEXT = makeText();
const LINES = TEXT.split("\n").length - 1;
const CHARACTERS = TEXT.length - LINES;
const BYTES = Buffer.from(TEXT);
const PIECES = Array.from({ length: BLOCK / PIECE }, (_, n) => BYTES.subarray(n * PIECE, (n + 1) * PIECE));

/** Blocks as a reader; as all of them, it hands out memory of its own. */
class Blocks extends Reader {
  private left: number;
  private at = 0;

  constructor(blocks: number) {
    super();
    this.left = blocks * BLOCK;
  }

  override pollRead(cx: Context, buf: Uint8Array): Poll<number> {
    if (!cx.takeBudget()) return Pending;
    if (this.left === 0) return 0;
    const size = Math.min(buf.length, PIECE, BLOCK - this.at);
    buf.set(BYTES.subarray(this.at, this.at + size));
    this.at = (this.at + size) % BLOCK;
    this.left -= size;
    return size;
  }

  override cancelRead(): void {}
  override close(): void {}
}

function* pieces(blocks: number): Generator<Uint8Array> {
  for (let n = 0; n < blocks; n++) for (const piece of PIECES) yield Buffer.from(piece);
}

/** What each peer counts. */
class Tally {
  lines = 0;
  characters = 0;

  add(line: string): void {
    this.lines++;
    this.characters += line.length;
  }

  check(blocks: number): void {
    check(this.lines, blocks * LINES);
    check(this.characters, blocks * CHARACTERS);
  }
}

const pollux = co(function* (blocks: number, tally: Tally) {
  const lines = new BufReader(new Blocks(blocks), { capacity: PIECE }).lines();
  for (let line: string | End; (line = yield* lines.next()) !== End; ) tally.add(line);
});

async function node(blocks: number, tally: Tally): Promise<void> {
  const lines = createInterface({
    input: Readable.from(pieces(blocks)),
    crlfDelay: Number.POSITIVE_INFINITY,
  });
  for await (const line of lines) tally.add(line);
}

/** Cuts text into lines, whose ends it takes off; the last one may go on in the next text. */
class Cutter {
  private rest = "";

  cut(text: string): string[] {
    const lines = (this.rest + text).split("\n");
    this.rest = lines.pop() ?? "";
    return lines;
  }
}

async function web(blocks: number, tally: Tally): Promise<void> {
  const source = pieces(blocks);
  const cutter = new Cutter();
  const bytes = new ReadableStream<Uint8Array>({
    pull(controller) {
      const next = source.next();
      if (next.done === true) controller.close();
      else controller.enqueue(next.value);
    },
  });
  const cutting = new TransformStream<string, string>({
    transform(text, controller) {
      for (const line of cutter.cut(text)) controller.enqueue(line);
    },
  });
  for await (const line of bytes.pipeThrough(new TextDecoderStream()).pipeThrough(cutting)) tally.add(line);
}

async function* asyncPieces(blocks: number): AsyncGenerator<Uint8Array> {
  yield* pieces(blocks);
}

async function* asyncLines(source: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  const cutter = new Cutter();
  for await (const piece of source) yield* cutter.cut(decoder.decode(piece, { stream: true }));
}

async function asyncIterable(blocks: number, tally: Tally): Promise<void> {
  for await (const line of asyncLines(asyncPieces(blocks))) tally.add(line);
}

function peer(count: (blocks: number, tally: Tally) => PromiseLike<void>) {
  return async (blocks: number): Promise<void> => {
    const tally = new Tally();
    await count(blocks, tally);
    tally.check(blocks);
  };
}

export const lines100mb: TimedCase = {
  name: "lines-100mb",
  about: "a line out of 100 MB of text, which is read in pieces of 64 KiB",
  unit: "ns/op",
  operations: LINES,
  batch: { full: 100, quick: 5 },
  targets: [
    { peer: "node-streams", atMost: 0.5 },
    { peer: "async-iterable", atMost: 0.8 },
  ],
  peers: {
    pollux: peer((blocks, tally) => run(pollux(blocks, tally))),
    "async-iterable": peer(asyncIterable),
    "web-streams": peer(web),
    "node-streams": peer(node),
  },
};
