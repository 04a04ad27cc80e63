import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { type Model, msOf } from "./model.ts";
import { Turn } from "./promises.ts";

// Stackful: each task has a stack of its own, and any function on it can wait, without its callers knowing. JavaScript has no
// such fibers, and none is to be had from npm without compiling C++. But WebAssembly has them (JSPI, JavaScript Promise
// Integration): a function that is called as `promising` runs on a stack of its own, which an import may suspend.

/**
 * ```wat
 * (module
 *   (import "host" "sleep" (func $sleep (param i32)))
 *   (import "host" "wait" (func $wait (param i32)))
 *   (import "host" "give" (func $give (param i32)))
 *   (func $inner (param i32) local.get 0 call $sleep)
 *   (func (export "nap") (param i32) local.get 0 call $inner)
 *   (func (export "play") (param $me i32) (param $turns i32)
 *     loop
 *       local.get $me call $wait
 *       local.get $me call $give
 *       local.get $turns i32.const 1 i32.sub local.tee $turns br_if 0
 *     end))
 * ```
 */
const MODULE = Uint8Array.from([
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
  // Types: (i32) and (i32, i32).
  ...sized(0x01, [0x02, 0x60, 0x01, 0x7f, 0x00, 0x60, 0x02, 0x7f, 0x7f, 0x00]),
  ...sized(0x02, [
    0x03,
    ...imported("host", "sleep"),
    ...imported("host", "wait"),
    ...imported("host", "give"),
  ]),
  ...sized(0x03, [0x03, 0x00, 0x00, 0x01]),
  ...sized(0x07, [0x02, ...name("nap"), 0x00, 0x04, ...name("play"), 0x00, 0x05]),
  ...sized(0x0a, [
    0x03,
    ...body([0x20, 0x00, 0x10, 0x00]),
    ...body([0x20, 0x00, 0x10, 0x03]),
    ...body([
      ...[0x03, 0x40, 0x20, 0x00, 0x10, 0x01, 0x20, 0x00, 0x10, 0x02],
      ...[0x20, 0x01, 0x41, 0x01, 0x6b, 0x22, 0x01, 0x0d, 0x00, 0x0b],
    ]),
  ]),
]);

function sized(section: number, content: readonly number[]): number[] {
  return [section, content.length, ...content];
}

/** A function without variables of its own. */
function body(instructions: readonly number[]): number[] {
  return [instructions.length + 2, 0x00, ...instructions, 0x0b];
}

function name(text: string): number[] {
  return [text.length, ...Buffer.from(text)];
}

function imported(module: string, field: string): number[] {
  return [...name(module), ...name(field), 0x00, 0x00];
}

/** As much of WebAssembly as is used here; Node's types have none of it, and older Nodes not all. */
interface StackSwitching {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (
    module: object,
    imports: object,
  ) => { readonly exports: { readonly nap: unknown; readonly play: unknown } };
  readonly Suspending?: new (fn: (n: number) => Promise<void>) => object;
  readonly promising?: (fn: unknown) => (...args: number[]) => Promise<void>;
}

// The global is there in every Node.
const wasm = (globalThis as unknown as { WebAssembly: StackSwitching }).WebAssembly;

/** Why there are none here, or `null` if there are. */
export function whyNoFibers(): string | null {
  // Where it still is an experiment; an older V8 would complain of the flag.
  if (wasm.Suspending === undefined && Number.parseInt(process.versions.node, 10) >= 24)
    setFlagsFromString("--experimental-wasm-jspi");
  return wasm.Suspending === undefined || wasm.promising === undefined
    ? `this Node (${process.version}) cannot switch stacks of WebAssembly; newer ones can, from 24 on`
    : null;
}

/** The stacks that wait, by number. */
const turns: Turn[] = [];

function turnOf(fiber: number): Turn {
  const turn = turns[fiber];
  if (turn === undefined) throw new RangeError(`there is no fiber ${fiber}`);
  return turn;
}

interface Fibers {
  nap(ms: number): Promise<void>;
  play(me: number, turns: number): Promise<void>;
}

let fibersMade: Fibers | undefined;

function fibers(): Fibers {
  fibersMade ??= makeFibers();
  return fibersMade;
}

function makeFibers(): Fibers {
  const why = whyNoFibers();
  const { Suspending, promising } = wasm;
  if (why !== null || Suspending === undefined || promising === undefined) throw new Error(why ?? "");
  const {
    exports: { nap, play },
  } = new wasm.Instance(new wasm.Module(MODULE), {
    host: {
      sleep: new Suspending(async (ms) => (ms < 0 ? new Promise<void>(() => {}) : sleep(ms))),
      wait: new Suspending((me) => turnOf(me).wait()),
      give: (me: number) => turnOf(1 - me).give(),
    },
  });
  return { nap: promising(nap), play: promising(play) };
}

export const stacks: Model = {
  async delayed(tasks) {
    const { nap } = fibers();
    let sum = 0;
    const naps = Array.from({ length: tasks }, async (_, task) => {
      await nap(msOf(task));
      sum += task;
    });
    await Promise.all(naps);
    return sum;
  },
  async pingPong(count) {
    const { play } = fibers();
    turns[0] = new Turn();
    turns[1] = new Turn();
    const both = [play(0, count), play(1, count)];
    turns[0].give();
    await Promise.all(both);
    return 2 * count;
  },
};

/** Has `n` fibers wait for good. */
export function suspendFibers(n: number): void {
  const { nap } = fibers();
  for (let i = 0; i < n; i++) nap(-1);
}
