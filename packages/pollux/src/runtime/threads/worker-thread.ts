import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from "node:worker_threads";
import { unpackFailure } from "../../blocking/carried-failure.ts";
import { ThreadExitedError, TimeoutError } from "../../core/errors.ts";
import type { Answers, FromThread, ThreadData, ToThread } from "./messages.ts";

/** How long a thread whose coroutine was aborted, or has ended, may take to end, in ms, before it is ended by force. */
const END_LIMIT = 1_000;

/** How long a thread may take to answer, in ms. One that takes longer is busy with something that does not yield. */
const ANSWER_LIMIT = 5_000;

/** How a thread has ended: with what error; `null`: as it should, or was made to. */
export type ThreadExit = { readonly error: unknown } | null;

const entry = new URL(
  import.meta.url.endsWith(".ts") ? "./thread-main.ts" : "./thread-main.js",
  import.meta.url,
);

/** As text, so that the one import whose target is not known beforehand, that of the user's module, stands in no file of ours. */
const source = `import(${JSON.stringify(entry.href)}).then(({ threadMain }) => threadMain((url) => import(url)))`;

/** A thread of {@link RuntimeThreads}, as the one that started it sees it. It keeps the process alive. */
export class WorkerThread {
  readonly number: number;
  readonly generation: number;
  /** Settles when the thread has ended, whatever ended it; never rejected. */
  readonly exited: Promise<ThreadExit>;
  private readonly worker: Worker;
  private readonly port: MessagePort;
  private readonly name: string;
  private isReady: boolean;
  private onReady: () => void;
  /** How its coroutine has ended; an error that comes after a good end counts. */
  private outcome: ThreadExit | undefined;
  private readonly questions: Map<number, (value: unknown) => void>;
  private asked: number;
  private limit: NodeJS.Timeout | undefined;
  private isStopping: boolean;
  /** Its coroutine was cancelled, because it had not ended in time. */
  private isAborted: boolean;
  /** It is ended by force. */
  private isTerminated: boolean;
  private hasExited: boolean;

  /** @throws what Node throws if it cannot make a thread here, or copy the data */
  constructor(data: Omit<ThreadData, "port">, execArgv: readonly string[] | undefined) {
    const { port1, port2 } = new MessageChannel();
    this.number = data.number;
    this.generation = data.generation;
    this.name = `${data.export} of ${data.module} in thread ${data.number}`;
    this.isReady = false;
    this.onReady = () => {};
    this.outcome = undefined;
    this.questions = new Map();
    this.asked = 0;
    this.limit = undefined;
    this.isStopping = false;
    this.isAborted = false;
    this.isTerminated = false;
    this.hasExited = false;
    const workerData: ThreadData = { ...data, port: port2 };
    try {
      this.worker = new Worker(source, {
        eval: true,
        name: `pollux-runtime-${data.number}`,
        workerData,
        transferList: [port2],
        ...(execArgv === undefined ? {} : { execArgv: [...execArgv] }),
      });
    } catch (error) {
      port1.close();
      throw error;
    }
    this.port = port1;
    this.port.on("message", (message: FromThread) => this.onMessage(message));
    this.port.unref();
    this.worker.on("error", (error: unknown) => {
      this.outcome ??= { error };
    });
    this.exited = new Promise((resolve) => {
      this.worker.on("exit", (code) => resolve(this.onExit(code)));
    });
  }

  /**
   * Waits until it has said that it is ready.
   *
   * @throws TimeoutError after `limitMs`, and what it ended with before; it has ended then
   */
  async whenReady(limitMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const ready = new Promise<"ready">((resolve) => {
      this.onReady = () => resolve("ready");
      if (this.isReady) this.onReady();
    });
    const late = new Promise<"late">((resolve) => {
      if (Number.isFinite(limitMs)) timer = setTimeout(resolve, Math.min(limitMs, 0x7fffffff), "late");
    });
    const first = await Promise.race([ready, late, this.exited]);
    clearTimeout(timer);
    if (first === "ready") return;
    if (first === "late") {
      await this.terminate();
      throw new TimeoutError(`${this.name} was not ready within ${limitMs} ms`);
    }
    throw first === null ? new ThreadExitedError(`${this.name}, which never called ready()`) : first.error;
  }

  /** Has it end: by its token, after `graceMs` by a cancel, and then by force. Settles when it has ended. */
  async stop(graceMs: number): Promise<void> {
    // One whose coroutine has ended has less time than that already.
    if (!this.isStopping && !this.hasExited && this.outcome === undefined) {
      this.isStopping = true;
      this.say({ kind: "stop" });
      this.endAfter(graceMs, () => {
        this.isAborted = true;
        this.say({ kind: "abort" });
        this.endAfter(END_LIMIT, () => void this.terminate());
      });
    }
    await this.exited;
  }

  async terminate(): Promise<void> {
    this.isTerminated = true;
    await this.worker.terminate();
    await this.exited;
  }

  /** What it answers; `null` if it has ended, or does not answer in time. */
  ask<K extends keyof Answers>(what: K): Promise<Answers[K] | null> {
    if (this.hasExited) return Promise.resolve(null);
    const id = this.asked++;
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.answer(id, null), ANSWER_LIMIT);
      this.questions.set(id, (value) => {
        clearTimeout(timer);
        resolve(value as Answers[K] | null); // What it was asked for.
      });
      this.say({ kind: "ask", id, what });
    });
  }

  private answer(id: number, value: unknown): void {
    this.questions.get(id)?.(value);
    this.questions.delete(id);
  }

  private endAfter(ms: number, end: () => void): void {
    clearTimeout(this.limit);
    if (Number.isFinite(ms)) this.limit = setTimeout(end, Math.min(ms, 0x7fffffff));
  }

  private say(message: ToThread): void {
    this.port.postMessage(message);
  }

  private onMessage(message: FromThread): void {
    switch (message.kind) {
      case "ready":
        this.isReady = true;
        this.onReady();
        break;
      case "answer":
        this.answer(message.id, message.value);
        break;
      case "ended":
        this.outcome ??= null;
        this.endAfter(END_LIMIT, () => void this.terminate());
        break;
      case "failed":
        this.outcome ??= { error: unpackFailure(message.failure, "") };
        this.endAfter(END_LIMIT, () => void this.terminate());
        break;
    }
  }

  private onExit(code: number): ThreadExit {
    clearTimeout(this.limit);
    // What it had said before may still be on its way.
    for (
      let left = receiveMessageOnPort(this.port);
      left !== undefined;
      left = receiveMessageOnPort(this.port)
    )
      this.onMessage(left.message as FromThread); // Nobody else has the other port.
    clearTimeout(this.limit);
    this.port.close();
    this.hasExited = true;
    for (const id of [...this.questions.keys()]) this.answer(id, null);
    const { outcome } = this;
    if (outcome === undefined)
      return this.isTerminated ? null : { error: new ThreadExitedError(`${this.name} (exit code ${code})`) };
    return this.isAborted && isCancel(outcome?.error) ? null : outcome;
  }
}

/** By its code: it has come from another thread, and has lost its class. */
function isCancel(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "POLLUX_CANCELLED";
}
