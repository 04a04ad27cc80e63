import { describe, expect, test } from "vitest";
import { cancelAtEveryPoll } from "../../test/support/cancel-at-every-poll.ts";
import { TestContext } from "../../test/support/context.ts";
import { turn } from "../../test/support/net.ts";
import { PollAfterCompletionError } from "../core/errors.ts";
import { Runtime } from "../runtime/runtime.ts";
import { lookupHost } from "./lookup-host.ts";

describe("lookupHost", () => {
  test("gives an address as it is", async () => {
    const runtime = new Runtime();
    expect(await runtime.spawn(lookupHost("[::1]:80"))).toEqual([{ host: "::1", port: 80, family: "IPv6" }]);
    expect(await runtime.spawn(lookupHost({ host: "127.0.0.1", port: 0 }))).toEqual([
      { host: "127.0.0.1", port: 0, family: "IPv4" },
    ]);
  });

  test("gives addresses of the family that was asked for", async () => {
    const runtime = new Runtime();
    const addresses = await runtime.spawn(lookupHost("localhost:443", { family: "IPv4" }));
    expect(new Set(addresses.map(({ family }) => family))).toEqual(new Set(["IPv4"]));
    expect(addresses.length).toBeGreaterThan(0);
  });

  test("fails as the resolver does where there is none", async () => {
    const runtime = new Runtime();
    await expect(runtime.spawn(lookupHost("name.invalid:80"))).rejects.toMatchObject({
      code: expect.stringMatching(/^(ENOTFOUND|EAI_AGAIN)$/),
      syscall: "getaddrinfo",
      hostname: "name.invalid",
    });
    expect(runtime.handle.outstanding).toBe(0);
  });

  test("cancelled at any poll, waits no longer, and nobody is woken by what comes later", async () => {
    const runtime = new Runtime();
    const polls = await cancelAtEveryPoll(async (cancelAt) => {
      await runtime.spawn(cancelAt(lookupHost("localhost:80")));
      expect(runtime.handle.outstanding).toBe(0);
    });
    expect(polls).toBe(2);
    const cx = new TestContext(runtime.handle);
    const lookup = lookupHost("localhost:80");
    lookup.poll(cx);
    expect(runtime.handle.outstanding).toBe(1);
    lookup.cancel(cx);
    // Those that are asked for later are answered later.
    for (let i = 0; i < 5; i++) await runtime.spawn(lookupHost("localhost:80"));
    await turn();
    expect(cx.wakes).toBe(0);
    expect(() => lookup.poll(cx)).toThrow(PollAfterCompletionError);
  });

  test("says at the call what is wrong with its arguments", () => {
    // @ts-expect-error a name is needed
    expect(() => lookupHost()).toThrow(TypeError);
    expect(() => lookupHost("localhost")).toThrow(RangeError);
    expect(() => lookupHost({ host: "", port: 1 })).toThrow(RangeError);
    expect(() => lookupHost({ host: "localhost", port: -1 })).toThrow(RangeError);
    // @ts-expect-error no such family
    expect(() => lookupHost("localhost:1", { family: 4 })).toThrow(TypeError);
  });
});
