import { expect, test } from "vitest";
import { InvalidDataError, TooLongError } from "../../../src/core/errors.ts";
import { Pending } from "../../../src/core/poll.ts";
import { anyDelimiter } from "../../../src/io/any-delimiter.ts";
import { ByteQueue } from "../../../src/io/byte-queue.ts";
import { bytesCodec } from "../../../src/io/bytes-codec.ts";
import type { Codec } from "../../../src/io/codec.ts";
import { linesCodec } from "../../../src/io/lines-codec.ts";
import { latin1, text, utf8 } from "../../support/io.ts";

/** A codec with its buffer, driven by hand; frames of bytes are shown as text. */
class Bench<T extends string | Uint8Array> {
  private readonly codec: Codec<T>;
  readonly queue = new ByteQueue();

  constructor(codec: Codec<T>) {
    this.codec = codec;
  }

  put(bytes: string): this {
    this.queue.append(latin1(bytes));
    return this;
  }

  /** The next frame; the class of an error; or `undefined`, if there is none yet. */
  decode(): unknown {
    return this.show(() => this.codec.decode(this.queue));
  }

  end(): unknown {
    return this.show(() => this.codec.decodeEnd?.(this.queue) ?? Pending);
  }

  private show(decode: () => T | Pending): unknown {
    try {
      const frame = decode();
      if (frame === Pending) return undefined;
      return typeof frame === "string" ? frame : text(frame);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      return error.constructor;
    }
  }
}

const lines = (maxLength?: number) => new Bench(linesCodec(maxLength === undefined ? {} : { maxLength }));
const chunks = (maxLength?: number) =>
  new Bench(anyDelimiter(utf8(",;\n\r"), maxLength === undefined ? {} : { maxLength }));

test("bytes_decoder: gives what there is", () => {
  const bench = new Bench(bytesCodec()).put("abc");
  expect([bench.decode(), bench.decode(), bench.decode()]).toEqual(["abc", undefined, undefined]);
  expect(bench.put("a").decode()).toBe("a");
});

test("bytes_encoder: takes whatever it is given, however large", () => {
  const codec = bytesCodec();
  const queue = new ByteQueue(8192);
  codec.encode(new Uint8Array(32), queue);
  codec.encode(new Uint8Array(8193), queue);
  codec.encode(utf8("hello"), queue);
  expect(queue.length).toBe(32 + 8193 + 5);
  expect(text(queue.view().subarray(-5))).toBe("hello");
});

test("lines_decoder: gives whole lines without their ends, and the last one at the end", () => {
  const bench = lines().put("line 1\nline 2\r\nline 3\n\r\n\r");
  expect([1, 2, 3, 4, 5].map(() => bench.decode())).toEqual(["line 1", "line 2", "line 3", "", undefined]);
  expect(bench.end()).toBe(undefined);
  expect(bench.put("k").decode()).toBe(undefined);
  expect(bench.end()).toBe("\rk");
  expect([bench.decode(), bench.end()]).toEqual([undefined, undefined]);
});

test("lines_decoder_invalid_utf8: a line that is no UTF-8 is an error, and left out", () => {
  const bench = lines().put("line 1\xc3\x28");
  expect(bench.decode()).toBe(undefined);
  expect(bench.end()).toBe(InvalidDataError);
  expect(bench.end()).toBe(undefined);
  expect(bench.put("line 22222222222222\n").decode()).toBe("line 22222222222222");
});

test("lines_decoder_max_length: a line that is too long is an error, and left out", () => {
  const bench = lines(6).put("line 1 is too long\nline 2\nline 3\r\nline 4\n\r\n\r");
  expect([1, 2, 3, 4, 5, 6].map(() => bench.decode())).toEqual([
    TooLongError,
    "line 2",
    TooLongError,
    "line 4",
    "",
    undefined,
  ]);
  expect(bench.end()).toBe(undefined);
  expect(bench.put("k").decode()).toBe(undefined);
  expect(bench.end()).toBe("\rk");
  expect([bench.decode(), bench.end()]).toEqual([undefined, undefined]);
  expect(bench.put("aaabbbc").decode()).toBe(TooLongError);
});

test("lines_decoder_max_length_underrun: it is found out before its end has come, which is read over", () => {
  const bench = lines(6).put("line ");
  expect(bench.decode()).toBe(undefined);
  expect(bench.put("too l").decode()).toBe(TooLongError);
  expect(bench.put("ong\n").decode()).toBe(undefined);
  expect(bench.put("line 2").decode()).toBe(undefined);
  expect(bench.put("\n").decode()).toBe("line 2");
});

test("lines_decoder_max_length_bursts: also when the piece that makes it too long has its end", () => {
  const bench = lines(10).put("line ");
  expect(bench.decode()).toBe(undefined);
  expect(bench.put("too l").decode()).toBe(undefined);
  expect(bench.put("ong\n").decode()).toBe(TooLongError);
});

test("lines_decoder_max_length_big_burst: and when all but its beginning comes at once", () => {
  const bench = lines(10).put("line ");
  expect(bench.decode()).toBe(undefined);
  expect(bench.put("too long!\n").decode()).toBe(TooLongError);
});

test("lines_decoder_max_length_newline_between_decodes: a line of just the greatest length is none, if its end comes later", () => {
  const bench = lines(5).put("hello");
  expect(bench.decode()).toBe(undefined);
  expect(bench.put("\nworld").decode()).toBe("hello");
});

test("lines_decoder_discard_repeat: it is one error, however long it goes on", () => {
  const bench = lines(1).put("aa");
  expect(bench.decode()).toBe(TooLongError);
  expect(bench.put("a").decode()).toBe(undefined);
});

test("lines_decoder_max_length_underrun_twice: and what follows it is found", () => {
  const bench = lines(11).put("line ");
  expect(bench.decode()).toBe(undefined);
  expect(bench.put("too very l").decode()).toBe(TooLongError);
  expect(bench.put("aaaaaaaaaaaaaaaaaaaaaaa").decode()).toBe(undefined);
  expect(bench.put("ong\nshort\n").decode()).toBe("short");
});

test("lines_encoder: puts an end behind each line", () => {
  const codec = linesCodec();
  const queue = new ByteQueue();
  codec.encode("line 1", queue);
  expect(text(queue.view())).toBe("line 1\n");
  codec.encode("line 2", queue);
  expect(text(queue.view())).toBe("line 1\nline 2\n");
});

test("any_delimiters_decoder_any_character: any of the bytes ends a frame", () => {
  const bench = chunks().put("chunk 1,chunk 2;chunk 3\n\r");
  expect([1, 2, 3, 4, 5].map(() => bench.decode())).toEqual(["chunk 1", "chunk 2", "chunk 3", "", undefined]);
  expect(bench.end()).toBe(undefined);
  expect(bench.put("k").decode()).toBe(undefined);
  expect(bench.end()).toBe("k");
  expect([bench.decode(), bench.end()]).toEqual([undefined, undefined]);
});

test("any_delimiters_decoder_max_length: a frame that is too long is an error, and left out", () => {
  const bench = chunks(7).put("chunk 1 is too long\nchunk 2\nchunk 3\r\nchunk 4\n\r\n");
  expect([1, 2, 3, 4, 5, 6, 7, 8].map(() => bench.decode())).toEqual([
    TooLongError,
    "chunk 2",
    "chunk 3",
    "",
    "chunk 4",
    "",
    "",
    undefined,
  ]);
  expect(bench.end()).toBe(undefined);
  expect(bench.put("k").decode()).toBe(undefined);
  expect(bench.end()).toBe("k");
  expect([bench.decode(), bench.end()]).toEqual([undefined, undefined]);
  expect(bench.put("aaabbbcc").decode()).toBe(TooLongError);
});

test("any_delimiter_decoder_max_length_underrun: it is found out before its end has come, which is read over", () => {
  const bench = chunks(7).put("chunk ");
  expect(bench.decode()).toBe(undefined);
  expect(bench.put("too l").decode()).toBe(TooLongError);
  expect(bench.put("ong\n").decode()).toBe(undefined);
  expect(bench.put("chunk 2").decode()).toBe(undefined);
  expect(bench.put(",").decode()).toBe("chunk 2");
});

test("any_delimiter_decoder_max_length_underrun_twice: and what follows it is found", () => {
  const bench = chunks(11).put("chunk ");
  expect(bench.decode()).toBe(undefined);
  expect(bench.put("too very l").decode()).toBe(TooLongError);
  expect(bench.put("aaaaaaaaaaaaaaaaaaaaaaa").decode()).toBe(undefined);
  expect(bench.put("ong\nshort\n").decode()).toBe("short");
});

test("any_delimiter_decoder_max_length_bursts: also when the piece that makes it too long has its end", () => {
  const bench = chunks(11).put("chunk ");
  expect(bench.decode()).toBe(undefined);
  expect(bench.put("too l").decode()).toBe(undefined);
  expect(bench.put("ong\n").decode()).toBe(TooLongError);
});

test("any_delimiter_decoder_max_length_big_burst: and when all but its beginning comes at once", () => {
  const bench = chunks(11).put("chunk ");
  expect(bench.decode()).toBe(undefined);
  expect(bench.put("too long!\n").decode()).toBe(TooLongError);
});

test("any_delimiter_decoder_max_length_delimiter_between_decodes: a frame of just the greatest length is none, if its end comes later", () => {
  const bench = chunks(5).put("hello");
  expect(bench.decode()).toBe(undefined);
  expect(bench.put(",world").decode()).toBe("hello");
});

test("any_delimiter_decoder_discard_repeat: it is one error, however long it goes on", () => {
  const bench = chunks(1).put("aa");
  expect(bench.decode()).toBe(TooLongError);
  expect(bench.put("a").decode()).toBe(undefined);
});

test("any_delimiter_encoder: puts what was asked for behind each frame", () => {
  const codec = anyDelimiter(utf8(","), { writes: utf8(";--;") });
  const queue = new ByteQueue();
  codec.encode(utf8("chunk 1"), queue);
  expect(text(queue.view())).toBe("chunk 1;--;");
  codec.encode(utf8("chunk 2"), queue);
  expect(text(queue.view())).toBe("chunk 1;--;chunk 2;--;");
});
