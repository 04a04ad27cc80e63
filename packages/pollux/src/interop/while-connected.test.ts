import { describe, expect, test } from "vitest";
import { pending, ready as readyNow, TestContext } from "../../test/support/context.ts";
import { FakeResponse } from "../../test/support/fake-response.ts";
import { Gate } from "../../test/support/gate.ts";
import { failed, ready } from "../combine/ready.ts";
import { ClosedError } from "../core/errors.ts";
import { whileConnected } from "./while-connected.ts";

describe("whileConnected", () => {
  test("gives what the future gives, and leaves no listener", () => {
    const response = new FakeResponse();
    const gate = new Gate<number>();
    const future = whileConnected(response, gate);
    expect(response.listenerCount("close")).toBe(0);
    const cx = pending(future);
    expect(response.listenerCount("close")).toBe(1);
    gate.open(1);
    expect(readyNow(future, cx)).toBe(1);
    expect(response.listenerCount("close")).toBe(0);
    const failing = whileConnected(response, failed(new Error("failed")));
    expect(() => failing.poll(new TestContext())).toThrow("failed");
    expect(response.listenerCount("close")).toBe(0);
  });

  test("cancels it when the response is closed before it is out, with the reason that it then throws", () => {
    const response = new FakeResponse();
    const gate = new Gate();
    const future = whileConnected(response, gate);
    const cx = pending(future);
    response.emit("close");
    expect(cx.wakes).toBe(1);
    expect(() => future.poll(cx)).toThrow(ClosedError);
    expect(gate.reason).toBeInstanceOf(ClosedError);
    expect(response.listenerCount("close")).toBe(0);
  });

  test("goes on when the response is out", () => {
    const response = new FakeResponse();
    const gate = new Gate<number>();
    const future = whileConnected(response, gate);
    const cx = pending(future);
    response.writableFinished = true;
    response.emit("close");
    gate.open(1);
    expect(readyNow(future, cx)).toBe(1);
  });

  test("does not begin when the client has gone before", () => {
    const response = new FakeResponse();
    response.destroyed = true;
    const gate = new Gate();
    expect(() => whileConnected(response, gate).poll(new TestContext())).toThrow(ClosedError);
    expect(gate.polls).toBe(0);
  });

  test("a cancel cancels the future, and leaves no listener", () => {
    const response = new FakeResponse();
    const gate = new Gate();
    const future = whileConnected(response, gate);
    future.cancel(pending(future));
    expect([gate.cancels, response.listenerCount("close")]).toEqual([1, 0]);
  });

  test("takes a response and a future", () => {
    const wrong = whileConnected as (response: unknown, future: unknown) => unknown;
    expect(() => wrong({}, ready(1))).toThrow("whileConnected needs the response of a server");
    expect(() => wrong(new FakeResponse(), 1)).toThrow(TypeError);
  });
});
