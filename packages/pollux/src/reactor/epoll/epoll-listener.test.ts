import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { TestContext } from "../../../test/support/context.ts";
import { LinkedList } from "../../core/list.ts";
import { Pending, type Poll } from "../../core/poll.ts";
import { Runtime } from "../../runtime/runtime.ts";
import { EAGAIN, ECONNABORTED, EMFILE, ENFILE, ENOBUFS, ENOMEM, EPOLLIN } from "./constants.ts";
import type { Descriptor } from "./descriptor.ts";
import { Epoll } from "./epoll.ts";
import { EpollListener } from "./epoll-listener.ts";
import type { Native } from "./native.ts";

/** Gives what it accepts, by its descriptor. */
class Listener extends EpollListener<number> {
  private open: Descriptor | null = null;

  protected override tryListen(): Poll<void> {
    this.open = this.opened(7);
    this.comesIn();
  }

  /** The system says that there is a connection. */
  comesIn(): void {
    this.open?.onEvents(EPOLLIN);
  }

  protected override accepted(fd: number): number {
    return fd;
  }
}

/** A listener whose system answers to each `accept` with the next of `answers`. */
function setUp(...answers: number[]) {
  const seen = { accepts: 0 };
  const native = {
    epollCreate: () => 3,
    watch: () => 0,
    keepAlive: () => 0,
    close: () => 0,
    accept: () => {
      seen.accepts++;
      return answers.shift() ?? -EAGAIN;
    },
  };
  // It has what a listener calls.
  const epoll = new Epoll(native as unknown as Native);
  const listener = new Listener({ epoll, sources: new LinkedList() }, "the listener");
  const cx = new TestContext(new Runtime().handle);
  cx.runtime.budget = 100;
  listener.pollListen(cx);
  return { listener, cx, seen };
}

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

test.each([EMFILE, ENFILE, ENOBUFS, ENOMEM])(
  "epoll listener: after a shortage (%i) it asks no more for 100 ms, and then wakes who waits",
  (code) => {
    const { listener, cx, seen } = setUp(-code, 8);
    expect(() => listener.pollAccept(cx)).toThrow("accept");
    expect(listener.pollAccept(cx)).toBe(Pending);
    vi.advanceTimersByTime(99);
    expect(listener.pollAccept(cx)).toBe(Pending);
    expect([seen.accepts, cx.wakes]).toEqual([1, 0]);
    vi.advanceTimersByTime(1);
    expect(cx.wakes).toBe(1);
    expect(listener.pollAccept(cx)).toBe(8);
    expect([seen.accepts, cx.runtime.outstanding]).toEqual([2, 0]);
  },
);

test("epoll listener: a second shortage, in the pause, begins it anew, with one timer", () => {
  const { listener, cx, seen } = setUp(-EMFILE, -EMFILE, 8);
  expect(() => listener.pollAccept(cx)).toThrow("EMFILE");
  expect(listener.pollAccept(cx)).toBe(Pending);
  vi.advanceTimersByTime(60);
  listener.comesIn(); // Another connection: it is tried at once.
  expect(cx.takeWakes()).toBe(1);
  expect(() => listener.pollAccept(cx)).toThrow("EMFILE");
  expect([seen.accepts, vi.getTimerCount()]).toEqual([2, 1]);
  expect(listener.pollAccept(cx)).toBe(Pending);
  vi.advanceTimersByTime(99);
  expect(cx.wakes).toBe(0);
  vi.advanceTimersByTime(1);
  expect(cx.wakes).toBe(1);
  expect(listener.pollAccept(cx)).toBe(8);
});

test("epoll listener: other failures are told without a pause, and a connection that was reset is passed over", () => {
  const { listener, cx, seen } = setUp(-ECONNABORTED, 9, -22);
  expect(listener.pollAccept(cx)).toBe(9);
  expect(() => listener.pollAccept(cx)).toThrow("EINVAL");
  expect([seen.accepts, vi.getTimerCount()]).toEqual([3, 0]);
});

test("epoll listener: a close in the pause wakes who waits, and leaves no timer", () => {
  const { listener, cx, seen } = setUp(-EMFILE, 8);
  expect(() => listener.pollAccept(cx)).toThrow("EMFILE");
  expect(listener.pollAccept(cx)).toBe(Pending);
  listener.close();
  expect([cx.wakes, vi.getTimerCount(), seen.accepts]).toEqual([1, 0, 1]);
});
