import { describe, expect, test } from "vitest";
import { errorOf, eventsOf } from "../test/support/events.ts";
import { parserLimits } from "./limits.ts";

const request = (text: string) => eventsOf("request", text);
const HOST = "Host: a\r\n";

describe("HeadParser", () => {
  test("HeadParser: the request of RFC 9112, 2.1", () => {
    expect(
      request(
        "GET /hello.txt HTTP/1.1\r\nUser-Agent: curl/7.64.1\r\nHost: www.example.com\r\nAccept-Language: en, mi\r\n\r\n",
      ),
    ).toEqual([
      {
        head: {
          method: "GET",
          target: "/hello.txt",
          host: "www.example.com",
          minor: 1,
          keepAlive: true,
          bodyLength: 0,
          upgrade: null,
          expectsContinue: false,
          fields: [
            ["user-agent", "curl/7.64.1"],
            ["host", "www.example.com"],
            ["accept-language", "en, mi"],
          ],
        },
      },
      { body: "", trailers: [] },
    ]);
  });

  test("HeadParser: the four forms of a target of RFC 9112, 3.2", () => {
    const target = (line: string, host: string) => {
      const [first] = request(`${line} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
      return first !== undefined && "head" in first && "target" in first.head ? first.head.target : first;
    };
    expect(target("GET /where?q=now", "www.example.org")).toBe("/where?q=now");
    expect(target("GET http://www.example.org/pub/WWW/TheProject.html", "www.example.org")).toBe(
      "http://www.example.org/pub/WWW/TheProject.html",
    );
    expect(target("CONNECT www.example.com:80", "www.example.com:80")).toBe("www.example.com:80");
    expect(target("OPTIONS *", "www.example.org")).toBe("*");
  });

  test("HeadParser: the response of RFC 9112, and reasons of all kinds", () => {
    expect(eventsOf("response", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")).toMatchObject([
      { head: { status: 200, reason: "OK", bodyLength: 2 } },
      { body: "hi" },
    ]);
    expect(eventsOf("response", "HTTP/1.0 404 \r\nContent-Length: 0\r\n\r\n")[0]).toMatchObject({
      head: { status: 404, reason: "", minor: 0, keepAlive: false },
    });
    expect(eventsOf("response", "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n")[0]).toMatchObject({
      head: { bodyLength: 0 },
    });
  });

  test.each<[what: string, text: string, error: string]>([
    // Lines
    ["bare LF behind the request line", `GET / HTTP/1.1\n${HOST}\r\n`, "400 HTTP_BAD_LINE"],
    ["bare LF behind a field", "GET / HTTP/1.1\r\nHost: a\n\r\n", "400 HTTP_BAD_LINE"],
    ["bare LF for the empty line", "GET / HTTP/1.1\r\nHost: a\r\n\n", "400 HTTP_BAD_LINE"],
    ["bare CR in a field", "GET / HTTP/1.1\r\nHost: a\r\nA: b\rc: d\r\n\r\n", "400 HTTP_BAD_FIELD"],
    ["two empty lines before", `\r\n\r\nGET / HTTP/1.1\r\n${HOST}\r\n`, "400 HTTP_BAD_LINE"],
    // The request line
    ["no method", ` / HTTP/1.1\r\n${HOST}\r\n`, "400 HTTP_BAD_METHOD"],
    ["a method that is no token", `G(T / HTTP/1.1\r\n${HOST}\r\n`, "400 HTTP_BAD_METHOD"],
    ["two spaces before the target", `GET  / HTTP/1.1\r\n${HOST}\r\n`, "400 HTTP_BAD_TARGET"],
    ["two spaces before the version", `GET /  HTTP/1.1\r\n${HOST}\r\n`, "400 HTTP_BAD_TARGET"],
    ["a tab in place of a space", `GET\t/ HTTP/1.1\r\n${HOST}\r\n`, "400 HTTP_BAD_METHOD"],
    ["a space in the target", `GET /a b HTTP/1.1\r\n${HOST}\r\n`, "400 HTTP_BAD_TARGET"],
    ["an octet above ASCII in the target", `GET /\xe4 HTTP/1.1\r\n${HOST}\r\n`, "400 HTTP_BAD_TARGET"],
    ["a fragment in the target", `GET /a#b HTTP/1.1\r\n${HOST}\r\n`, "400 HTTP_BAD_TARGET"],
    ["a NUL in the target", `GET /\0 HTTP/1.1\r\n${HOST}\r\n`, "400 HTTP_BAD_TARGET"],
    ["a target that is no path", `GET a HTTP/1.1\r\n${HOST}\r\n`, "400 HTTP_BAD_TARGET"],
    ["* for another method", `GET * HTTP/1.1\r\n${HOST}\r\n`, "400 HTTP_BAD_TARGET"],
    ["CONNECT to a path", `CONNECT / HTTP/1.1\r\n${HOST}\r\n`, "400 HTTP_BAD_TARGET"],
    ["user information in the target", `GET http://u@a/ HTTP/1.1\r\n${HOST}\r\n`, "400 HTTP_BAD_TARGET"],
    ["HTTP/0.9", "GET /\r\n\r\n", "400 HTTP_BAD_VERSION"],
    ["a lower-case version", `GET / http/1.1\r\n${HOST}\r\n`, "400 HTTP_BAD_VERSION"],
    ["a version of two digits", `GET / HTTP/1.10\r\n${HOST}\r\n`, "400 HTTP_BAD_VERSION"],
    ["something behind the version", `GET / HTTP/1.1 x\r\n${HOST}\r\n`, "400 HTTP_BAD_VERSION"],
    ["the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505 HTTP_VERSION_NOT_SUPPORTED"],
    // Fields
    ["obs-fold", "GET / HTTP/1.1\r\nHost: a\r\nA: b\r\n c\r\n\r\n", "400 HTTP_BAD_FIELD"],
    ["obs-fold by a tab", "GET / HTTP/1.1\r\nHost: a\r\nA: b\r\n\tc\r\n\r\n", "400 HTTP_BAD_FIELD"],
    ["a first field with a space before", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", "400 HTTP_BAD_FIELD"],
    ["a space before the colon", "GET / HTTP/1.1\r\nHost : a\r\n\r\n", "400 HTTP_BAD_FIELD"],
    ["an empty name", "GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n", "400 HTTP_BAD_FIELD"],
    ["a field without a colon", "GET / HTTP/1.1\r\nHost: a\r\nb\r\n\r\n", "400 HTTP_BAD_FIELD"],
    ["a NUL in a value", "GET / HTTP/1.1\r\nHost: a\r\nb: \0\r\n\r\n", "400 HTTP_BAD_FIELD"],
    ["a NUL in a name", "GET / HTTP/1.1\r\nHost: a\r\nb\0: c\r\n\r\n", "400 HTTP_BAD_FIELD"],
    ["a DEL in a value", "GET / HTTP/1.1\r\nHost: a\r\nb: \x7f\r\n\r\n", "400 HTTP_BAD_FIELD"],
    // Host
    ["no Host", "GET / HTTP/1.1\r\n\r\n", "400 HTTP_BAD_HOST"],
    ["two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n", "400 HTTP_BAD_HOST"],
    ["two Hosts in HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", "400 HTTP_BAD_HOST"],
    ["an empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", "400 HTTP_BAD_HOST"],
    ["a list of Hosts", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", "400 HTTP_BAD_HOST"],
    ["a Host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", "400 HTTP_BAD_HOST"],
    ["a Host with user information", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", "400 HTTP_BAD_HOST"],
    ["another host in the target", `GET http://b/ HTTP/1.1\r\n${HOST}\r\n`, "400 HTTP_BAD_HOST"],
    ["another port in the target", `GET http://a:81/ HTTP/1.1\r\n${HOST}\r\n`, "400 HTTP_BAD_HOST"],
    ["CONNECT to another host", `CONNECT b:1 HTTP/1.1\r\n${HOST}\r\n`, "400 HTTP_BAD_HOST"],
    // Expect
    ["an unknown expectation", `GET / HTTP/1.1\r\n${HOST}Expect: x\r\n\r\n`, "417 HTTP_UNKNOWN_EXPECTATION"],
  ])("HeadParser: refuses %s", (_, text, error) => {
    expect(errorOf("request", text)).toBe(error);
  });

  test.each([
    ["a default port in the target", "GET http://A:80/ HTTP/1.1\r\nHost: a\r\n\r\n"],
    ["an address in brackets", "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n"],
    ["an empty line before", "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"],
    ["an empty value", "GET / HTTP/1.1\r\nHost: a\r\nb:\r\nc: \t \r\n\r\n"],
    ["octets above ASCII in a value", "GET / HTTP/1.1\r\nHost: a\r\nb: \xe4\r\n\r\n"],
    ["a method that nobody knows", "BREW / HTTP/1.1\r\nHost: a\r\n\r\n"],
    ["HTTP/1.0 without a Host", "GET / HTTP/1.0\r\n\r\n"],
    ["a later minor version", "GET / HTTP/1.2\r\nHost: a\r\n\r\n"],
  ])("HeadParser: takes %s", (_, text) => {
    expect(request(text)).toMatchObject([{ head: {} }, { body: "" }]);
  });

  test.each<[what: string, text: string, error: string]>([
    ["no status", "HTTP/1.1\r\n\r\n", "502 HTTP_BAD_VERSION"],
    ["a status of two digits", "HTTP/1.1 20 OK\r\n\r\n", "502 HTTP_BAD_STATUS"],
    ["a status out of range", "HTTP/1.1 600 \r\n\r\n", "502 HTTP_BAD_STATUS"],
    ["no space behind the status", "HTTP/1.1 200\r\n\r\n", "502 HTTP_BAD_STATUS"],
    ["a NUL in the reason", "HTTP/1.1 200 O\0K\r\n\r\n", "502 HTTP_BAD_STATUS"],
    [
      "two lengths",
      "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
      "502 HTTP_BAD_LENGTH",
    ],
  ])("HeadParser: refuses a response with %s", (_, text, error) => {
    expect(errorOf("response", text)).toBe(error);
  });

  test("HeadParser: the connection is kept as version and Connection have it", () => {
    const keeps = (version: string, connection: string) => {
      const [first] = request(`GET / HTTP/${version}\r\nHost: a\r\n${connection}\r\n`);
      return first !== undefined && "head" in first ? first.head.keepAlive : first;
    };
    expect(keeps("1.1", "")).toBe(true);
    expect(keeps("1.1", "Connection: foo, CLOSE\r\n")).toBe(false);
    expect(keeps("1.1", "Connection: keep-alive\r\nConnection: close\r\n")).toBe(false);
    expect(keeps("1.0", "")).toBe(false);
    expect(keeps("1.0", "Connection: Keep-Alive\r\n")).toBe(true);
  });

  test("HeadParser: an upgrade counts only if Connection confirms it", () => {
    const upgrade = (fields: string) => {
      const [first] = request(`GET / HTTP/1.1\r\nHost: a\r\n${fields}\r\n`);
      return first !== undefined && "head" in first ? first.head.upgrade : first;
    };
    expect(upgrade("Upgrade: websocket\r\nConnection: Upgrade\r\n")).toBe("websocket");
    expect(upgrade("Upgrade: websocket\r\n")).toBe(null);
  });

  test("HeadParser: limits of line, head and number of fields, to the byte", () => {
    const line = (n: number) => `GET /${"x".repeat(n - 14)} HTTP/1.1\r\n${HOST}\r\n`;
    expect(errorOf("request", line(100), { lineBytes: 100 })).toBe(null);
    expect(errorOf("request", line(101), { lineBytes: 100 })).toBe("414 HTTP_TARGET_TOO_LONG");
    const field = (n: number) => `GET / HTTP/1.1\r\n${HOST}A: ${"x".repeat(n - 3)}\r\n\r\n`;
    expect(errorOf("request", field(100), { lineBytes: 100 })).toBe(null);
    expect(errorOf("request", field(101), { lineBytes: 100 })).toBe("431 HTTP_HEAD_TOO_LONG");
    const size = field(100).length;
    expect(errorOf("request", field(100), { headBytes: size })).toBe(null);
    expect(errorOf("request", field(100), { headBytes: size - 1 })).toBe("431 HTTP_HEAD_TOO_LONG");
    const many = `GET / HTTP/1.1\r\n${HOST}${"a: b\r\n".repeat(9)}\r\n`;
    expect(errorOf("request", many, { fields: 10 })).toBe(null);
    expect(errorOf("request", many, { fields: 9 })).toBe("431 HTTP_HEAD_TOO_LONG");
  });

  test("HeadParser: limits that make no sense are refused", () => {
    expect(() => parserLimits({ fields: 0 })).toThrow(RangeError);
    // @ts-expect-error -- for callers without types
    expect(() => parserLimits({ headBytes: "1" })).toThrow(TypeError);
  });
});
