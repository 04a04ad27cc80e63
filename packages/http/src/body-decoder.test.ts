import { describe, expect, test } from "vitest";
import { errorOf, events, eventsOf } from "../test/support/events.ts";
import { BodyDecoder } from "./body-decoder.ts";
import { Inbox } from "./inbox.ts";

const CHUNKED = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
const post = (fields: string, version = "1.1") => `POST / HTTP/${version}\r\nHost: a\r\n${fields}\r\n`;

describe("BodyDecoder", () => {
  test("BodyDecoder: a body with a length, and the next message behind it", () => {
    const [, body, next] = eventsOf(
      "request",
      `${post("Content-Length: 3\r\n")}abcGET / HTTP/1.1\r\nHost: b\r\n\r\n`,
    );
    expect(body).toEqual({ body: "abc", trailers: [] });
    expect(next).toMatchObject({ head: { host: "b" } });
  });

  test("BodyDecoder: chunks, extensions and trailers of RFC 9112, 7.1", () => {
    const text = `${CHUNKED}4\r\nWiki\r\n7;a=b;c="\\"d;"\r\npedia i\r\nB;e\r\nn \r\nchunks.\r\n0;last\r\nDigest: x\r\nDigest: y\r\n\r\n`;
    expect(eventsOf("request", text)[1]).toEqual({
      body: "Wikipedia in \r\nchunks.",
      trailers: [
        ["digest", "x"],
        ["digest", "y"],
      ],
    });
  });

  test("BodyDecoder: a response without a length goes up to the end", () => {
    const bytes = Buffer.from("HTTP/1.1 200 OK\r\n\r\nabc");
    expect(events("response", [bytes], {}, true)[1]).toEqual({ body: "abc", trailers: [] });
  });

  test("BodyDecoder: any other that ends early is cut short", () => {
    for (const text of [
      `${post("Content-Length: 3\r\n")}ab`,
      `${CHUNKED}3\r\nab`,
      `${CHUNKED}1\r\na\r\n0\r\n`,
    ]) {
      expect(events("request", [Buffer.from(text)], {}, true).at(-1)).toEqual({
        error: "HTTP_TRUNCATED",
        status: 400,
      });
    }
  });

  test("BodyDecoder: data can be read past the inbox, up to the end of the chunk", () => {
    const inbox = new Inbox();
    const body = new BodyDecoder();
    body.begin(-1);
    inbox.push(Buffer.from("5\r\n"));
    expect(body.take(inbox, new Uint8Array(9))).toBe(0);
    expect(body.direct).toBe(5);
    body.passed(5);
    expect(body.direct).toBe(0);
    inbox.push(Buffer.from("\r\n0\r\n\r\n"));
    expect(body.take(inbox, new Uint8Array(9))).toBe(0);
    expect(body.isDone).toBe(true);
  });

  // What is known of request smuggling: two readers of a message, who do not agree on where it ends.
  test.each<[what: string, text: string, error: string]>([
    ["CL.TE", post("Content-Length: 6\r\nTransfer-Encoding: chunked\r\n"), "400 HTTP_BAD_CODING"],
    ["TE.CL", post("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n"), "400 HTTP_BAD_CODING"],
    [
      "TE.TE: identity behind chunked",
      post("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n"),
      "400 HTTP_BAD_CODING",
    ],
    ["TE.TE: a coding that looks like it", post("Transfer-Encoding: xchunked\r\n"), "400 HTTP_BAD_CODING"],
    ["TE.TE: a space before the colon", post("Transfer-Encoding : chunked\r\n"), "400 HTTP_BAD_FIELD"],
    [
      "TE.TE: a vertical tab before the value",
      post("Transfer-Encoding:\x0bchunked\r\n"),
      "400 HTTP_BAD_FIELD",
    ],
    ["TE.TE: a line feed before the value", post("Transfer-Encoding:\n chunked\r\n"), "400 HTTP_BAD_LINE"],
    ["TE.TE: behind a bare CR", post("X: y\rTransfer-Encoding: chunked\r\n"), "400 HTTP_BAD_FIELD"],
    ["TE.TE: folded", post("Transfer-Encoding:\r\n chunked\r\n"), "400 HTTP_BAD_FIELD"],
    ["TE.TE: in quotes", post('Transfer-Encoding: "chunked"\r\n'), "400 HTTP_BAD_CODING"],
    ["chunked twice", post("Transfer-Encoding: chunked, chunked\r\n"), "400 HTTP_BAD_CODING"],
    ["an empty coding", post("Transfer-Encoding:\r\n"), "400 HTTP_BAD_CODING"],
    [
      "an unknown coding before chunked",
      post("Transfer-Encoding: gzip, chunked\r\n"),
      "501 HTTP_UNKNOWN_CODING",
    ],
    ["a coding in HTTP/1.0", post("Transfer-Encoding: chunked\r\n", "1.0"), "400 HTTP_BAD_CODING"],
    ["two lengths", post("Content-Length: 1\r\nContent-Length: 2\r\n"), "400 HTTP_BAD_LENGTH"],
    ["the same length twice", post("Content-Length: 1\r\nContent-Length: 1\r\n"), "400 HTTP_BAD_LENGTH"],
    ["a list of lengths", post("Content-Length: 1, 1\r\n"), "400 HTTP_BAD_LENGTH"],
    ["a sign before a length", post("Content-Length: +1\r\n"), "400 HTTP_BAD_LENGTH"],
    ["a negative length", post("Content-Length: -1\r\n"), "400 HTTP_BAD_LENGTH"],
    ["a hexadecimal length", post("Content-Length: 0x1\r\n"), "400 HTTP_BAD_LENGTH"],
    ["an empty length", post("Content-Length:\r\n"), "400 HTTP_BAD_LENGTH"],
    ["a length with a space", post("Content-Length: 1 0\r\n"), "400 HTTP_BAD_LENGTH"],
    ["a length of 16 digits", post("Content-Length: 1000000000000000\r\n"), "400 HTTP_BAD_LENGTH"],
  ])("BodyDecoder: refuses %s", (_, text, error) => {
    expect(errorOf("request", `${text}0\r\n\r\n`)).toBe(error);
  });

  test.each<[what: string, text: string, error: string]>([
    ["no size", "\r\n\r\n", "400 HTTP_BAD_CHUNK"],
    ["a size with 0x", "0x1\r\na\r\n", "400 HTTP_BAD_CHUNK"],
    ["a sign before a size", "+1\r\na\r\n", "400 HTTP_BAD_CHUNK"],
    ["a negative size", "-1\r\na\r\n", "400 HTTP_BAD_CHUNK"],
    ["a space before a size", " 1\r\na\r\n", "400 HTTP_BAD_CHUNK"],
    ["a space behind a size", "1 \r\na\r\n", "400 HTTP_BAD_CHUNK"],
    ["an underscore in a size", "1_0\r\na\r\n", "400 HTTP_BAD_CHUNK"],
    ["a size beyond all bodies", "1000000000000\r\na\r\n", "400 HTTP_BAD_CHUNK"],
    ["a size that wraps around at 64 bits", "10000000000000001\r\na\r\n", "400 HTTP_BAD_CHUNK"],
    ["a bare LF behind a size", "1\na\r\n", "400 HTTP_BAD_CHUNK"],
    ["a bare CR behind a size", "1\rX\na\r\n", "400 HTTP_BAD_CHUNK"],
    ["a bare LF behind the data", "1\r\na\n0\r\n\r\n", "400 HTTP_BAD_CHUNK"],
    ["more data than the size says", "1\r\nab\r\n0\r\n\r\n", "400 HTTP_BAD_CHUNK"],
    ["less data than the size says", "3\r\na\r\n0\r\n\r\n", "400 HTTP_BAD_CHUNK"],
    ["an extension without a name", "1;\r\na\r\n", "400 HTTP_BAD_CHUNK"],
    ["an LF in an extension", '1;a="\n"\r\na\r\n', "400 HTTP_BAD_CHUNK"],
    ["a NUL in an extension", "1;a=\0\r\na\r\n", "400 HTTP_BAD_CHUNK"],
    ["a line that is too long", `1;${"a".repeat(300)}\r\na\r\n`, "400 HTTP_BAD_CHUNK"],
    ["too many extensions", `1;${"a".repeat(200)}\r\na\r\n`.repeat(30), "400 HTTP_BAD_CHUNK"],
    ["a length among the trailers", "0\r\nContent-Length: 1\r\n\r\n", "400 HTTP_BAD_TRAILER"],
    ["a coding among the trailers", "0\r\nTransfer-Encoding: chunked\r\n\r\n", "400 HTTP_BAD_TRAILER"],
    ["a Host among the trailers", "0\r\nHost: a\r\n\r\n", "400 HTTP_BAD_TRAILER"],
    ["a trailer that is no field", "0\r\nabc\r\n\r\n", "400 HTTP_BAD_FIELD"],
    ["a trailer that is folded", "0\r\na: b\r\n c\r\n\r\n", "400 HTTP_BAD_FIELD"],
    ["trailers that are too long", `0\r\n${"a: b\r\n".repeat(101)}\r\n`, "431 HTTP_HEAD_TOO_LONG"],
  ])("BodyDecoder: refuses a chunked body with %s", (_, text, error) => {
    expect(errorOf("request", CHUNKED + text)).toBe(error);
  });
});
