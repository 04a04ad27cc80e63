import { ClosedError, co, End, type Future, Pending, Stream } from "pollux";
import * as runtime from "pollux/compiler-runtime";
import {
  behaviourOf,
  compiledCode,
  Driver,
  globals,
  make,
  NAMES,
  promiseOf,
  Step,
  show,
  type Trace,
  threw,
  world,
} from "./execute.ts";
import { ASYNC_GENERATOR, asStream, STREAM_MAKE } from "./program.ts";

/** Runs a program as a native async generator. */
export async function runNativeStream(text: string, seed: number): Promise<Trace> {
  const trace: string[] = [];
  const base = world((line) => trace.push(line), behaviourOf(seed));
  const main = make(
    `const main = async function* (p, q) {\n${asStream(text, ASYNC_GENERATOR)}\n};`,
    globals(base, (id) => promiseOf(base.step(id))),
  ) as (p: number, q: number) => AsyncGenerator;
  try {
    for await (const value of main(10, 20)) trace.push(`gave ${show(value)}`);
    trace.push("ended");
  } catch (error) {
    trace.push(threw(error));
  }
  return trace;
}

/** Gives every value of an iterable; once the stream is cancelled, not even opens it, as a `yield*` does not. */
function allWith(
  emit: (value: unknown) => Future<void>,
  life: { readonly isCancelled: boolean },
): (iterable: Iterable<unknown>) => Future<void> {
  return co(function* (iterable: Iterable<unknown>) {
    if (life.isCancelled) throw new ClosedError("the stream of this `emit`");
    for (const each of iterable) yield* emit(each);
  });
}

/** A program as a stream, made ready to run many times. */
export function prepareStream(
  text: string,
  mode: "compiled" | "Stream.make",
): (seed: number, cancelAt: number) => Trace {
  const code =
    mode === "compiled"
      ? compiledCode(`const main = co(async function* (p, q) {\n${asStream(text, ASYNC_GENERATOR)}\n});`)
      : `const main = (p, q) => Stream.make(function* (emit) {\nconst emitAll = allWith(emit, life);\n${asStream(text, STREAM_MAKE)}\n});`;
  const life = { isCancelled: false };
  const given = { runtime, Stream, allWith, life };
  const build = new Function(
    ...Object.keys(given),
    ...NAMES,
    `"use strict";\nlet jumps = 100000;\n${code}\nreturn main;`,
  ) as (...args: unknown[]) => (p: number, q: number) => Stream<unknown>;
  return (seed, cancelAt) => {
    const trace: string[] = [];
    const log = (line: string): void => {
      // What an error says of the one is said of the other, where a program makes it a text.
      trace.push(line.replaceAll("`yield`", "`emit`"));
    };
    const base = world(log, behaviourOf(seed));
    const names = globals(base, (id) => {
      const { left, fails } = base.step(id);
      return new Step(id, left, fails, log);
    });
    const main = build(...Object.values(given), ...NAMES.map((name) => names[name]));
    life.isCancelled = false;
    drive(main(10, 20), cancelAt, trace, () => {
      life.isCancelled = true;
    });
    return trace;
  };
}

/** Takes a stream's values to its end, or cancels it after so many polls. */
function drive(stream: Stream<unknown>, cancelAt: number, trace: string[], onCancel: () => void): void {
  const cx = new Driver();
  try {
    for (let polls = 0; ; polls++) {
      if (polls === cancelAt) {
        trace.push("cancelled");
        onCancel();
        while (stream.cancel(cx) === Pending) trace.push("cleaning up");
        trace.push(stream.pollNext(cx) === End ? "gone" : "goes on");
        return;
      }
      const poll = stream.pollNext(cx);
      if (poll === End) {
        trace.push("ended");
        return;
      }
      if (poll !== Pending) trace.push(`gave ${show(poll)}`);
      if (polls > 1000) throw new Error("it never ends");
    }
  } catch (error) {
    trace.push(threw(error));
  }
}
