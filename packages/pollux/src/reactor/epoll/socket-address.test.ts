import fc from "fast-check";
import { expect, test } from "vitest";
import { ADDRESS_BYTES, decodeAddress, encodeAddress, packAddress, unpackAddress } from "./socket-address.ts";

function roundTrip(host: string, port: number): unknown {
  const bytes = new Uint8Array(ADDRESS_BYTES);
  encodeAddress(host, port, bytes);
  return decodeAddress(bytes);
}

test("socket address: an IPv4 address comes back as it was", () => {
  fc.assert(
    fc.property(fc.ipV4(), fc.integer({ min: 0, max: 65_535 }), (host, port) => {
      expect(roundTrip(host, port)).toEqual({ host, port, family: "IPv4" });
    }),
  );
});

test("socket address: an IPv6 address comes back as the same address, in its canonical form", () => {
  // The URL standard has the same form, but for mapped addresses.
  const canonical = (host: string): string => new URL(`http://[${host}]/`).hostname.slice(1, -1);
  fc.assert(
    fc.property(fc.ipV6(), fc.integer({ min: 0, max: 65_535 }), (host, port) => {
      const back = roundTrip(host, port) as { host: string; port: number; family: string };
      expect(canonical(back.host)).toBe(canonical(host));
      expect([back.port, back.family]).toEqual([port, "IPv6"]);
    }),
  );
});

test.each([
  ["::", "::"],
  ["::1", "::1"],
  ["2001:db8::0:1", "2001:db8::1"],
  ["2001:0:0:1:0:0:0:1", "2001:0:0:1::1"],
  ["1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7"],
  ["::ffff:127.0.0.1", "::ffff:127.0.0.1"],
  ["::ffff:7f00:1", "::ffff:127.0.0.1"],
  ["64:ff9b::192.0.2.33", "64:ff9b::c000:221"],
  ["fe80::1%77", "fe80::1%77"],
])("socket address: %s is written as %s", (given, written) => {
  expect(roundTrip(given, 1)).toEqual({ host: written, port: 1, family: "IPv6" });
});

test("socket address: a name is refused", () => {
  expect(() => encodeAddress("localhost", 1, new Uint8Array(ADDRESS_BYTES))).toThrow(TypeError);
});

test("socket address: what is not of the Internet's is none", () => {
  expect(decodeAddress(new Uint8Array(ADDRESS_BYTES))).toBeNull();
});

test("socket address: one that was packed comes back as it was, IPv4 in a number", () => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), fc.integer({ min: 0, max: 65_535 }), (host, port) => {
      const bytes = new Uint8Array(ADDRESS_BYTES);
      encodeAddress(host, port, bytes);
      const packed = packAddress(bytes);
      expect(typeof packed).toBe(host.includes(":") ? "object" : "number");
      expect(packed === null ? null : unpackAddress(packed)).toEqual(decodeAddress(bytes));
    }),
  );
});
