import { type Mode, prepare, runNative, type Trace } from "./execute.ts";
import { prepareStream, runNativeStream } from "./streams.ts";

/** Where two ways of running a program differ. */
export interface Difference {
  readonly what: string;
  readonly expected: Trace;
  readonly got: Trace;
}

const COMPILED: readonly Mode[] = ["compiled async", "compiled generator"];
/** A program may suspend many times: it is cancelled at each of the first ones. */
const MOST_CANCELS = 12;

/** Runs a program in all ways. Gives the first difference, or `null`; throws what is no program at all. */
export async function compare(text: string, seed: number): Promise<Difference | null> {
  const native = await runNative(text, seed);
  const generator = prepare(text, "generator");
  const compiled: [Mode, ReturnType<typeof prepare>][] = [];
  for (const mode of COMPILED) {
    try {
      compiled.push([mode, prepare(text, mode)]);
    } catch (error) {
      return { what: `${mode}: ${String(error)}`, expected: [], got: [] };
    }
  }
  const plain = generator(seed, -1);
  for (const [mode, run] of compiled) {
    const got = run(seed, -1);
    if (!same(native, got)) return { what: `${mode}, beside native async`, expected: native, got };
    if (!same(plain, got)) return { what: `${mode}, beside the generator`, expected: plain, got };
  }
  for (let cancelAt = 1; cancelAt <= MOST_CANCELS; cancelAt++) {
    const expected = generator(seed, cancelAt);
    for (const [mode, run] of compiled) {
      const got = run(seed, cancelAt);
      if (!same(expected, got)) return { what: `${mode}, cancelled at suspend ${cancelAt}`, expected, got };
    }
    if (!expected.includes("cancelled")) break;
  }
  return compareStreams(text, seed);
}

/** The same for the program as an async generator, beside the native one and beside the body of a `Stream.make`. */
async function compareStreams(text: string, seed: number): Promise<Difference | null> {
  let compiled: ReturnType<typeof prepareStream>;
  try {
    compiled = prepareStream(text, "compiled");
  } catch (error) {
    return { what: `async generator: ${String(error)}`, expected: [], got: [] };
  }
  const native = await runNativeStream(text, seed);
  const plain = compiled(seed, -1);
  if (!same(native, plain))
    return { what: "async generator, beside the native one", expected: native, got: plain };
  const made = prepareStream(text, "Stream.make");
  for (let cancelAt = 0; cancelAt <= MOST_CANCELS; cancelAt++) {
    const expected = made(seed, cancelAt);
    const got = compiled(seed, cancelAt);
    if (!same(expected, got)) return { what: `async generator, cancelled at ${cancelAt}`, expected, got };
    if (!expected.includes("cancelled")) break;
  }
  return null;
}

function same(a: Trace, b: Trace): boolean {
  return a.length === b.length && a.every((line, i) => line === b[i]);
}
