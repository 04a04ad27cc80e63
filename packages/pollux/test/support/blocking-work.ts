import type { Future } from "../../src/index.ts";

/** What blocking-work.mjs exports. */
export interface Work {
  block<T>(ms: number, value: T): T;
  add(a: number, b: number): number;
  later(value: string): Promise<string>;
  waitAtGate(gate: Int32Array, value: string): string;
  note(log: Int32Array, value: number): void;
  untilCancelled(state: Int32Array): void;
  failWhenCancelled(state: Int32Array, message: string): void;
  spin(state: Int32Array): void;
  fail(message: string): void;
  failAll(): void;
  failWith(value: unknown): void;
  failUnreadably(): void;
  exit(code: number): void;
  crash(): Promise<void>;
  giveFunction(): () => void;
  never(): Promise<void>;
  notAFunction: number;
  fill(bytes: Uint8Array): Uint8Array;
  askFor(name: string, ...args: unknown[]): unknown;
  askTwice(name: string): unknown[];
  askSafely(
    name: string,
    ...args: unknown[]
  ): { value?: unknown; name?: string; code?: string; stack?: string };
  askAndReport(state: Int32Array, name: string): void;
  count(): number;
}

export const workUrl: URL = new URL("./blocking-work.mjs", import.meta.url);

/** Memory that threads share. */
export function shared(length: number): Int32Array {
  return new Int32Array(new SharedArrayBuffer(4 * length));
}

/** Ready when another thread has made `array[at]` what it is waited for. */
export async function until(array: Int32Array, at: number, value: number): Promise<void> {
  while (Atomics.load(array, at) !== value) await new Promise((resolve) => setImmediate(resolve));
}

/** What a future fails with. */
export async function failureOf(future: Future<unknown> | PromiseLike<unknown>): Promise<unknown> {
  try {
    await future;
  } catch (error) {
    return error;
  }
  throw new Error("it has not failed");
}
