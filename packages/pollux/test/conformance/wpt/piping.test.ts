import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { toReadableStream } from "../../../src/interop/to-readable-stream.ts";
import { toWritableStream } from "../../../src/interop/to-writable-stream.ts";
// Gives the default runtime.
import "../../../src/runtime/default.ts";
import { failed } from "../../../src/combine/ready.ts";
import { FedSource } from "../../support/fed-source.ts";
import { Gate } from "../../support/gate.ts";

// The platform's pipeTo, from a stream of ours to a sink of ours.

const error1 = new Error("error1");
const error2 = new Error("error2");

async function flush(): Promise<void> {
  for (let n = 0; n < 5; n++) await turn();
}

/** A sink that notes what is done with it; `hold` has the writes wait until they are released one by one. */
class Recording {
  readonly events: unknown[] = [];
  readonly gates: Gate[] = [];
  hold = false;
  onWrite: () => void = () => {};
  abortFailure: unknown = undefined;
  writeFailure: unknown = undefined;

  stream(highWaterMark = 1): WritableStream<string> {
    return toWritableStream<string>(
      {
        write: (chunk) => {
          this.events.push("write", chunk);
          this.onWrite();
          if (this.writeFailure !== undefined) return failed(this.writeFailure);
          if (!this.hold) return undefined;
          const gate = new Gate();
          this.gates.push(gate);
          return gate;
        },
        close: () => {
          this.events.push("close");
        },
        abort: (reason) => {
          this.events.push("abort", reason);
          return this.abortFailure === undefined ? undefined : failed(this.abortFailure);
        },
      },
      { highWaterMark },
    );
  }

  async release(): Promise<void> {
    for (const gate of this.gates.splice(0)) gate.open();
    await flush();
  }
}

describe("flow-control", () => {
  test("Piping from a non-empty ReadableStream into a WritableStream that does not desire chunks: nothing is read", async () => {
    const source = new FedSource<string>().feed("a", "b").end();
    const sink = new Recording();
    const abort = new AbortController();
    const piped = toReadableStream(source).pipeTo(sink.stream(0), {
      preventCancel: true,
      signal: abort.signal,
    });
    await flush();
    expect([source.polls, sink.events]).toEqual([0, []]);
    abort.abort(error1);
    await expect(piped).rejects.toBe(error1);
  });

  test("Piping from a non-empty ReadableStream into a WritableStream that does not desire chunks; but then does: it goes on", async () => {
    const source = new FedSource<string>().feed("b").end();
    const sink = new Recording();
    sink.hold = true;
    const stream = sink.stream();
    const writer = stream.getWriter();
    const first = writer.write("a");
    writer.releaseLock();
    const piped = toReadableStream(source).pipeTo(stream);
    await flush();
    expect([source.polls, sink.events]).toEqual([0, ["write", "a"]]);
    sink.hold = false;
    await sink.release();
    await Promise.all([first, piped]);
    expect(sink.events).toEqual(["write", "a", "write", "b", "close"]);
  });

  test("Piping from an empty ReadableStream into a WritableStream that does not desire chunks; but then the readable stream becomes non-empty and the writable stream starts desiring chunks: it goes on", async () => {
    const source = new FedSource<string>();
    const sink = new Recording();
    sink.hold = true;
    const stream = sink.stream();
    const writer = stream.getWriter();
    const first = writer.write("a");
    writer.releaseLock();
    const piped = toReadableStream(source).pipeTo(stream);
    await flush();
    source.feed("b").end();
    sink.hold = false;
    await sink.release();
    await Promise.all([first, piped]);
    expect(sink.events).toEqual(["write", "a", "write", "b", "close"]);
  });

  test("Piping from a ReadableStream to a WritableStream that desires more chunks before finishing with previous ones: up to its mark", async () => {
    const source = new FedSource<string>().feed("b", "c", "d").end();
    const sink = new Recording();
    sink.hold = true;
    const stream = sink.stream(3);
    const writer = stream.getWriter();
    const first = writer.write("a");
    expect(writer.desiredSize).toBe(2);
    writer.releaseLock();
    const piped = toReadableStream(source).pipeTo(stream);
    await flush();
    expect([sink.events, source.polls]).toEqual([["write", "a"], 2]);
    sink.hold = false;
    await sink.release();
    await Promise.all([first, piped]);
    expect(sink.events).toEqual(["write", "a", "write", "b", "write", "c", "write", "d", "close"]);
  });

  test("Piping to a WritableStream that does not consume the writes fast enough exerts backpressure on the ReadableStream: it is not polled", async () => {
    const source = new FedSource<string>().feed("a", "b", "c", "d").end();
    const sink = new Recording();
    sink.hold = true;
    const piped = toReadableStream(source).pipeTo(sink.stream());
    const polls: number[] = [];
    for (let n = 0; n < 4; n++) {
      await flush();
      polls.push(source.polls);
      await sink.release();
    }
    expect(polls).toEqual([1, 2, 3, 4]);
    await piped;
    expect(sink.events).toEqual(["write", "a", "write", "b", "write", "c", "write", "d", "close"]);
  });
});

describe("abort", () => {
  /** Pipes with a signal that has fired already. */
  async function pipeAborted(
    options: { preventCancel?: boolean; preventAbort?: boolean } = {},
    reason?: unknown,
    setUp: (source: FedSource<string>, sink: Recording) => void = () => {},
  ) {
    const source = new FedSource<string>();
    const sink = new Recording();
    setUp(source, sink);
    const stream = sink.stream();
    const abort = new AbortController();
    if (reason === undefined) abort.abort();
    else abort.abort(reason);
    const error = await toReadableStream(source)
      .pipeTo(stream, { ...options, signal: abort.signal })
      .then(
        () => "fulfilled",
        (thrown: unknown) => thrown,
      );
    return { source, sink, error, stream };
  }

  test("an aborted signal should cause the writable stream to reject with an AbortError: and cancels the stream with it", async () => {
    const { source, sink, error, stream } = await pipeAborted();
    expect(error).toMatchObject({ name: "AbortError" });
    expect([source.cancels, source.reason, sink.events]).toEqual([1, error, ["abort", error]]);
    await expect(stream.getWriter().closed).rejects.toBe(error);
  });

  test("an aborted signal should cause the writable stream to reject with the signal's abort reason: and cancels the stream with it", async () => {
    const { source, sink, error } = await pipeAborted({}, error1);
    expect([error, source.reason, sink.events]).toEqual([error1, error1, ["abort", error1]]);
  });

  test("all the AbortError objects should be the same object: in the stream, the sink and the promise", async () => {
    const { source, sink, error } = await pipeAborted();
    expect(source.reason).toBe(error);
    expect(sink.events[1]).toBe(error);
  });

  test("preventCancel should prevent canceling the readable: the stream is left alone", async () => {
    const { source, sink } = await pipeAborted({ preventCancel: true });
    expect([source.cancels, sink.events.length]).toEqual([0, 2]);
  });

  test("preventAbort should prevent aborting the readable: the sink is left alone", async () => {
    const { source, sink, stream } = await pipeAborted({ preventAbort: true });
    expect([source.cancels, sink.events]).toEqual([1, []]);
    await stream.getWriter().ready;
  });

  test("preventCancel and preventAbort should prevent canceling the readable and aborting the readable: both are left alone", async () => {
    const { source, sink } = await pipeAborted({ preventCancel: true, preventAbort: true });
    expect([source.cancels, sink.events]).toEqual([0, []]);
  });

  test("abort should prevent further reads: only what was written before is", async () => {
    const source = new FedSource<string>().feed("a", "b").end();
    const sink = new Recording();
    const abort = new AbortController();
    sink.onWrite = () => abort.abort(error1);
    await expect(toReadableStream(source).pipeTo(sink.stream(), { signal: abort.signal })).rejects.toBe(
      error1,
    );
    expect(sink.events).toEqual(["write", "a", "abort", error1]);
  });

  test("all pending writes should complete on abort: what has been read is written before the sink is aborted", async () => {
    const source = new FedSource<string>().feed("a", "b");
    const sink = new Recording();
    sink.hold = true;
    const abort = new AbortController();
    const piped = toReadableStream(source)
      .pipeTo(sink.stream(Number.POSITIVE_INFINITY), { signal: abort.signal })
      .catch((error: unknown) => error);
    await flush();
    abort.abort(error1);
    await flush();
    expect(sink.events).toEqual(["write", "a"]);
    await sink.release();
    await sink.release();
    expect(await piped).toBe(error1);
    expect(sink.events).toEqual(["write", "a", "write", "b", "abort", error1]);
  });

  test("a rejection from underlyingSource.cancel() should be returned by pipeTo(): as CleanupError", async () => {
    const { error } = await pipeAborted({}, "enough", (source) => {
      source.cleanupFailure = { error: error1 };
    });
    expect(error).toMatchObject({ cause: "enough", errors: [error1] });
  });

  test("a rejection from underlyingSink.abort() should be returned by pipeTo(): as CleanupError", async () => {
    const { error } = await pipeAborted({}, "enough", (_source, sink) => {
      sink.abortFailure = error1;
    });
    expect(error).toMatchObject({ cause: "enough", errors: [error1] });
  });

  test("a rejection from underlyingSink.abort() should be preferred to one from underlyingSource.cancel(): as CleanupError", async () => {
    const { error } = await pipeAborted({}, "enough", (source, sink) => {
      source.cleanupFailure = { error: error1 };
      sink.abortFailure = error2;
    });
    expect(error).toMatchObject({ cause: "enough", errors: [error2] });
  });

  test("abort signal takes priority over closed readable: one whose end has not been read", async () => {
    const { error } = await pipeAborted({}, error1, (source) => source.end());
    expect(error).toBe(error1);
  });

  test("abort signal takes priority over errored readable: one whose error has not been read", async () => {
    const { error } = await pipeAborted({}, error1, (source) => source.fail(error2));
    expect(error).toBe(error1);
  });

  test("abort signal takes priority over closed writable: and the stream is cancelled", async () => {
    const source = new FedSource<string>();
    const stream = new Recording().stream();
    const writer = stream.getWriter();
    await writer.close();
    writer.releaseLock();
    const signal = AbortSignal.abort(error1);
    await expect(toReadableStream(source).pipeTo(stream, { signal })).rejects.toBe(error1);
    expect(source.reason).toBe(error1);
  });

  test("abort signal takes priority over errored writable: and the stream is cancelled", async () => {
    const source = new FedSource<string>();
    const stream = new Recording().stream();
    const writer = stream.getWriter();
    writer.closed.catch(() => {});
    await writer.abort(error2);
    writer.releaseLock();
    const signal = AbortSignal.abort(error1);
    await expect(toReadableStream(source).pipeTo(stream, { signal })).rejects.toBe(error1);
    expect(source.reason).toBe(error1);
  });

  test("abort should do nothing after the readable is closed: the sink can still be written", async () => {
    const source = new FedSource<string>().end();
    const sink = new Recording();
    const stream = sink.stream();
    const abort = new AbortController();
    await toReadableStream(source).pipeTo(stream, { signal: abort.signal, preventClose: true });
    abort.abort();
    await stream.getWriter().write("this should succeed");
    expect(sink.events).toEqual(["write", "this should succeed"]);
  });

  test("abort should do nothing after the readable is errored: the sink can still be written", async () => {
    const source = new FedSource<string>().fail(error1);
    const sink = new Recording();
    const stream = sink.stream();
    const abort = new AbortController();
    const piped = toReadableStream(source).pipeTo(stream, { signal: abort.signal, preventAbort: true });
    await expect(piped).rejects.toBe(error1);
    abort.abort();
    await stream.getWriter().write("this should succeed");
    expect(source.reason).toBe(error1);
  });

  test("abort should do nothing after the readable is errored; even with pending writes: the pipe fails with its error", async () => {
    const source = new FedSource<string>().feed("a");
    const sink = new Recording();
    sink.hold = true;
    const stream = sink.stream();
    const abort = new AbortController();
    // One chunk is read ahead, so that the error is seen while the first one is being written.
    const piped = toReadableStream(source, { highWaterMark: 1 })
      .pipeTo(stream, { signal: abort.signal, preventAbort: true })
      .catch((error: unknown) => error);
    await flush();
    source.fail(error1);
    await flush();
    abort.abort(error2);
    sink.hold = false;
    await sink.release();
    expect(await piped).toBe(error1);
    await stream.getWriter().write("this should succeed");
  });

  test("abort should do nothing after the writable is errored: the pipe fails with the error of the sink", async () => {
    const source = new FedSource<string>().feed("a");
    const sink = new Recording();
    sink.writeFailure = error1;
    const abort = new AbortController();
    const piped = toReadableStream(source).pipeTo(sink.stream(), { signal: abort.signal });
    await expect(piped).rejects.toBe(error1);
    abort.abort();
    // The sink releases what it holds after a failure of its own, which the standard does not ask of it.
    expect([source.reason, sink.events]).toEqual([error1, ["write", "a", "abort", error1]]);
  });
});
