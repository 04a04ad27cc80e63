/**
 * The globals that the portable floors (core to io) and the Web host may use: those that Node, browsers, Deno and
 * Bun share. `tsconfig.portable.json` checks them with this file in place of Node's types.
 */

declare function queueMicrotask(callback: () => void): void;
declare function setTimeout<A extends unknown[]>(
  callback: (...args: A) => void,
  ms?: number,
  ...args: A
): TimerHandle;
declare function clearTimeout(handle: TimerHandle | undefined): void;
declare function reportError(error: unknown): void;

/** A number in browsers, an object in Node: opaque to the portable floors. */
interface TimerHandle {
  readonly " opaque": never;
}

declare const performance: { now(): number };

declare const console: {
  error(...data: unknown[]): void;
  warn(...data: unknown[]): void;
};

/** V8 and, of late, others: optional, so that its absence has to be considered. */
interface ErrorConstructor {
  captureStackTrace?(target: object, below?: unknown): void;
  stackTraceLimit?: number | undefined;
}

interface Event {
  readonly type: string;
}

interface EventTarget {
  addEventListener(
    type: string,
    listener: (event: Event) => void,
    options?: { once?: boolean; signal?: AbortSignal },
  ): void;
  removeEventListener(type: string, listener: (event: Event) => void): void;
  dispatchEvent(event: Event): boolean;
}

interface AbortSignal extends EventTarget {
  readonly aborted: boolean;
  readonly reason: unknown;
  onabort: ((event: Event) => void) | null;
  throwIfAborted(): void;
}

declare const AbortSignal: {
  abort(reason?: unknown): AbortSignal;
  timeout(ms: number): AbortSignal;
  any(signals: Iterable<AbortSignal>): AbortSignal;
};

interface AbortController {
  readonly signal: AbortSignal;
  abort(reason?: unknown): void;
}

declare const AbortController: { new (): AbortController };

interface MessagePort extends EventTarget {
  postMessage(message: unknown): void;
  start(): void;
  close(): void;
}

interface MessageChannel {
  readonly port1: MessagePort;
  readonly port2: MessagePort;
}

declare const MessageChannel: { new (): MessageChannel };

interface TextDecoder {
  decode(bytes?: Uint8Array, options?: { stream?: boolean }): string;
}

declare const TextDecoder: {
  new (label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean }): TextDecoder;
};

interface TextEncoder {
  encode(text?: string): Uint8Array;
}

declare const TextEncoder: { new (): TextEncoder };
interface ReadableStreamDefaultReader<T> {
  read(): Promise<{ done: false; value: T } | { done: true; value?: T | undefined }>;
  cancel(reason?: unknown): Promise<void>;
  releaseLock(): void;
  readonly closed: Promise<unknown>;
}

interface ReadableStream<T> {
  readonly locked: boolean;
  getReader(): ReadableStreamDefaultReader<T>;
  cancel(reason?: unknown): Promise<void>;
}

interface ReadableStreamDefaultController<T> {
  enqueue(chunk: T): void;
  close(): void;
}

interface ReadableByteStreamController {
  readonly byobRequest: { readonly view: ArrayBufferView | null; respond(bytes: number): void } | null;
  enqueue(chunk: Uint8Array): void;
  close(): void;
}

declare const ReadableStream: {
  new <T>(
    source: {
      pull?: (controller: ReadableStreamDefaultController<T>) => Promise<void>;
      cancel?: (reason: unknown) => Promise<void>;
    },
    strategy?: { highWaterMark?: number; size?: (chunk: T) => number },
  ): ReadableStream<T>;
  new (
    source: {
      type: "bytes";
      pull?: (controller: ReadableByteStreamController) => Promise<void>;
      cancel?: (reason: unknown) => Promise<void>;
    },
    strategy?: { highWaterMark?: number },
  ): ReadableStream<Uint8Array>;
};

interface WritableStreamDefaultWriter<T> {
  readonly ready: Promise<unknown>;
  readonly closed: Promise<unknown>;
  readonly desiredSize: number | null;
  write(chunk: T): Promise<void>;
  close(): Promise<void>;
  abort(reason?: unknown): Promise<void>;
  releaseLock(): void;
}

interface WritableStream<T> {
  readonly locked: boolean;
  getWriter(): WritableStreamDefaultWriter<T>;
  abort(reason?: unknown): Promise<void>;
}

declare const WritableStream: {
  new <T>(
    sink: {
      start?: (controller: { readonly signal: AbortSignal }) => void;
      write?: (chunk: T) => Promise<void>;
      close?: () => Promise<void>;
      abort?: (reason: unknown) => Promise<void>;
    },
    strategy?: { highWaterMark?: number; size?: (chunk: T) => number },
  ): WritableStream<T>;
};
