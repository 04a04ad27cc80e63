import { describe, expect, test } from "vitest";
import { UnsupportedError } from "../../core/errors.ts";
import type { SocketOptions } from "../options.ts";
import { canReusePort, checkNodeOptions } from "./node-tcp-options.ts";

describe("node options", () => {
  const kinds = ["listener", "stream"] as const;

  test.each<Partial<SocketOptions>>([
    {},
    { noDelay: false, keepAlive: true },
    { keepAlive: 5000 },
    { linger: null },
    { linger: 0 },
    { reuseAddress: true, reusePort: false },
  ])("can be set: %j", (options) => {
    for (const kind of kinds) expect(() => checkNodeOptions(kind, options)).not.toThrow();
  });

  test.each<[Partial<SocketOptions>, RegExp]>([
    [{ sendBufferSize: 4096 }, /^sendBufferSize on the node reactor is not possible here: /],
    [{ recvBufferSize: 4096 }, /^recvBufferSize/],
    [{ ttl: 3 }, /^ttl/],
    [{ linger: 1000 }, /^linger of 1000 ms/],
    [{ reuseAddress: false }, /^reuseAddress: false/],
  ])("are refused, and never ignored: %j", (options, message) => {
    for (const kind of kinds) {
      expect(() => checkNodeOptions(kind, options)).toThrow(UnsupportedError);
      expect(() => checkNodeOptions(kind, options)).toThrow(message);
    }
  });

  test("reusePort is for listeners, from Node 22.12 and 23.1 on", () => {
    expect(() => checkNodeOptions("stream", { reusePort: true })).toThrow(UnsupportedError);
    const listen = (): void => checkNodeOptions("listener", { reusePort: true });
    if (canReusePort(process.versions.node)) expect(listen).not.toThrow();
    else expect(listen).toThrow(UnsupportedError);
    const versions = ["20.19.0", "22.11.9", "22.12.0", "23.0.1", "23.1.0", "24.0.0", "26.1.0"];
    expect(versions.filter(canReusePort)).toEqual(["22.12.0", "23.1.0", "24.0.0", "26.1.0"]);
  });
});
