import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { FakeResponse } from "../../test/support/fake-response.ts";
import { Gate } from "../../test/support/gate.ts";
import { failed, ready } from "../combine/ready.ts";
import { CleanupError } from "../core/errors.ts";
// Gives the default runtime.
import "../runtime/default.ts";
import { toFastifyHandler } from "./to-fastify-handler.ts";

// Under Fastify itself it is tested in examples/src/interop.

class FakeReply {
  readonly raw = new FakeResponse();
  hijacked = 0;

  hijack(): void {
    this.hijacked++;
  }
}

describe("toFastifyHandler", () => {
  test("gives what the coroutine gives, and throws its failure as it is", async () => {
    const failure = new Error("failed");
    const reply = new FakeReply();
    expect(await toFastifyHandler((request: number, given) => ready([request, given]))(1, reply)).toEqual([
      1,
      reply,
    ]);
    await expect(toFastifyHandler(() => failed(failure))(1, reply)).rejects.toBe(failure);
    expect([reply.hijacked, reply.raw.listenerCount("close")]).toEqual([0, 0]);
  });

  test("tells Fastify that there is nothing to send when the client has gone, after the cleanup", async () => {
    const [gate, cleanup] = [new Gate(), new Gate()];
    const reply = new FakeReply();
    const handled = toFastifyHandler(function* () {
      try {
        yield* gate;
      } finally {
        yield* cleanup;
      }
    })(undefined, reply);
    await turn();
    reply.raw.emit("close");
    await turn();
    expect([gate.cancels, reply.hijacked]).toEqual([1, 0]);
    cleanup.open();
    expect(await handled).toBeUndefined();
    expect(reply.hijacked).toBe(1);
  });

  test("a cleanup that fails after that is a failure", async () => {
    const gate = new Gate();
    const reply = new FakeReply();
    const handled = toFastifyHandler(function* () {
      try {
        yield* gate;
      } finally {
        yield* failed(new Error("cannot clean up"));
      }
    })(undefined, reply);
    await turn();
    reply.raw.emit("close");
    await expect(handled).rejects.toThrow(CleanupError);
    expect(reply.hijacked).toBe(0);
  });

  test("takes a function", () => {
    expect(() => (toFastifyHandler as (fn: unknown) => unknown)(ready(1))).toThrow("needs a function");
  });
});
