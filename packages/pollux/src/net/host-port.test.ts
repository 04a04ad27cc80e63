import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseHostPort } from "./host-port.ts";

describe("parseHostPort", () => {
  test.each([
    ["127.0.0.1:8080", "127.0.0.1", 8080],
    ["localhost:80", "localhost", 80],
    ["example.org:65535", "example.org", 65_535],
    ["[::1]:80", "::1", 80],
    ["[fe80::1%eth0]:0", "fe80::1%eth0", 0],
    ["[::ffff:127.0.0.1]:1", "::ffff:127.0.0.1", 1],
    ["0.0.0.0:0", "0.0.0.0", 0],
  ])("%s", (text, host, port) => {
    expect(parseHostPort(text)).toEqual({ host, port });
  });

  test.each([
    ["", /has no port/],
    ["localhost", /has no port/],
    ["localhost:", /is no address/],
    [":80", /is no address/],
    ["localhost:http", /is no address/],
    ["localhost:-1", /is no address/],
    ["localhost:80 ", /is no address/],
    ["::1:80", /IPv6 address stands in brackets/],
    ["[::1]", /is no address/],
    ["[::1:80", /is no address/],
    ["[]:80", /is no address/],
    ["[localhost]:80", /brackets are for IPv6/],
    ["localhost:65536", /0 to 65535/],
    ["localhost:999999", /is no address/],
  ])("refuses %j and says why", (text, message) => {
    expect(() => parseHostPort(text)).toThrow(RangeError);
    expect(() => parseHostPort(text)).toThrow(message);
  });

  test("refuses what is no string", () => {
    // @ts-expect-error a string is needed
    expect(() => parseHostPort({ host: "localhost", port: 80 })).toThrow(TypeError);
  });

  test("reads what is written of any address and port", () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain()), fc.nat({ max: 65_535 }), (host, port) => {
        const text = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
        expect(parseHostPort(text)).toEqual({ host, port });
      }),
    );
  });
});
