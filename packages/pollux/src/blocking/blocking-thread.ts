import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from "node:worker_threads";
import { NotCloneableError, ThreadExitedError } from "../core/errors.ts";
import { packFailure, unpackFailure } from "./carried-failure.ts";
import {
  ANSWERED,
  type AnswerMessage,
  CANCELLED,
  type CallMessage,
  type ThreadData,
  type ThreadMessage,
} from "./messages.ts";
import { threadMain } from "./thread-main.ts";
import { transfersOf } from "./transfer.ts";

/** A call as its thread sees it. */
export interface ThreadCall extends CallMessage {
  /** Where it was made, for the stack of its failure. */
  readonly callSite: string;
  /** What names it in errors. */
  describe(): string;
  /** Called once, after the thread has been let go. */
  settle(outcome: ThreadOutcome): void;
  /** The thread stands still until {@link BlockingThread.answer}. */
  ask(name: string, args: readonly unknown[]): void;
}

/** How a call has ended. */
export type ThreadOutcome =
  | { readonly kind: "value"; readonly value: unknown }
  | { readonly kind: "failure"; readonly error: unknown }
  /** The thread has ended before; `error` is a `ThreadExitedError`. */
  | { readonly kind: "exit"; readonly error: unknown };

/** Who has threads. */
export interface ThreadOwner {
  /** The thread has nothing to do any more. */
  onIdle(thread: BlockingThread): void;
  onExit(thread: BlockingThread): void;
}

// As text, and not as a file beside this one: a program in one bundle has no such file. Some compilers wrap functions
// to keep their names; here is nothing to wrap them with.
const source = (): string =>
  `const __name = (f) => f; (${threadMain})((name) => process.getBuiltinModule(name), (url) => import(url), ` +
  `${packFailure}, ${unpackFailure})`;

/**
 * A thread of a pool, as the calling thread sees it. It runs one call at a time, and keeps the process alive meanwhile.
 *
 * Invariants: `call` is the one that has begun and is not settled; once `ending` is set, there is no other after it.
 */
export class BlockingThread {
  readonly id: number;
  private readonly owner: ThreadOwner;
  private readonly worker: Worker;
  private readonly port: MessagePort;
  private readonly answers: MessagePort;
  private readonly flags: Int32Array;
  private call: ThreadCall | null;
  /** What it gives now is its last: a call that it began would end with it. */
  ending: boolean;
  /** The error that ends the thread, since nobody in it has caught it. */
  private uncaught: unknown;
  private readonly exited: Promise<void>;

  /** @throws what Node throws if it cannot make a thread here */
  constructor(id: number, owner: ThreadOwner, execArgv: readonly string[] | undefined) {
    this.id = id;
    this.owner = owner;
    this.call = null;
    this.ending = false;
    this.uncaught = undefined;
    this.flags = new Int32Array(new SharedArrayBuffer(8));
    const calls = new MessageChannel();
    const answers = new MessageChannel();
    const workerData: ThreadData = { port: calls.port2, answers: answers.port2, flags: this.flags };
    this.worker = new Worker(source(), {
      eval: true,
      name: `pollux-blocking-${id}`,
      workerData,
      transferList: [calls.port2, answers.port2],
      ...(execArgv === undefined ? {} : { execArgv: [...execArgv] }),
    });
    this.port = calls.port1;
    this.answers = answers.port1;
    this.port.on("message", (message: ThreadMessage) => this.onMessage(message));
    this.port.on("messageerror", (cause: unknown) => {
      if (this.call !== null)
        this.finish({
          kind: "failure",
          error: new NotCloneableError(`what ${this.call.describe()} says`, { cause }),
        });
    });
    this.worker.on("error", (error: unknown) => {
      this.uncaught = error;
    });
    this.exited = new Promise((resolve) => {
      this.worker.on("exit", (code) => {
        this.onExit(code);
        resolve();
      });
    });
    this.port.unref();
    this.worker.unref();
  }

  /** @throws NotCloneableError if the arguments cannot be sent; the thread is idle then */
  begin(call: ThreadCall): void {
    this.flags[CANCELLED] = 0;
    const { module, name, args } = call;
    const message: CallMessage = { module, name, args };
    try {
      this.port.postMessage(message, args.flatMap(transfersOf));
    } catch (cause) {
      throw new NotCloneableError(`the arguments of ${call.describe()}`, { cause });
    }
    this.call = call;
    this.worker.ref();
    this.port.ref();
  }

  /** Tells the call under way that nobody needs it any more. */
  cancel(): void {
    Atomics.store(this.flags, CANCELLED, 1);
  }

  /** Lets the thread go on that has asked. */
  answer(outcome: { readonly value: unknown } | { readonly error: unknown }): void {
    try {
      this.send(
        "value" in outcome ? { kind: "value", value: outcome.value } : failure(outcome.error),
        outcome,
      );
    } catch (cause) {
      this.send(failure(new NotCloneableError("the answer of a service", { cause })), null);
    }
    Atomics.add(this.flags, ANSWERED, 1);
    Atomics.notify(this.flags, ANSWERED);
  }

  private send(message: AnswerMessage, outcome: object | null): void {
    const moved = outcome !== null && "value" in outcome ? transfersOf(outcome.value) : [];
    this.answers.postMessage(message, moved);
  }

  /** Ends the thread, whatever it does; settles when it has ended. */
  async end(): Promise<void> {
    this.ending = true;
    // Whoever waits for the end is to see it.
    this.worker.ref();
    void this.worker.terminate();
    await this.exited;
  }

  private onMessage(message: ThreadMessage): void {
    const { call } = this;
    if (call === null) return;
    if (message.kind === "question") call.ask(message.name, message.args);
    else if (message.kind === "value") this.finish(message);
    else {
      const thrown = unpackFailure(message.failure, call.callSite);
      const error =
        message.kind === "failure"
          ? thrown
          : new NotCloneableError(`what ${call.describe()} gives`, { cause: thrown });
      this.finish({ kind: "failure", error });
    }
  }

  private finish(outcome: ThreadOutcome): void {
    const { call } = this;
    if (call === null) return;
    this.call = null;
    if (outcome.kind !== "exit") {
      if (!this.ending) {
        this.worker.unref();
        this.port.unref();
      }
      this.owner.onIdle(this);
    }
    call.settle(outcome);
  }

  private onExit(code: number): void {
    // What it had sent before may still be on its way.
    for (
      let left = receiveMessageOnPort(this.port);
      left !== undefined;
      left = receiveMessageOnPort(this.port)
    ) {
      const message = left.message as ThreadMessage; // Nobody else has the other port.
      if (message.kind !== "question") this.onMessage(message);
    }
    this.port.close();
    this.answers.close();
    this.owner.onExit(this);
    if (this.call === null) {
      // Of no call any more, such as a timer that one has left behind: as loud as in a thread of anybody's.
      if (this.uncaught !== undefined) reportUncaught(this.uncaught);
      return;
    }
    const options = this.uncaught === undefined ? undefined : { cause: this.uncaught };
    const error = new ThreadExitedError(`${this.call.describe()} (exit code ${code})`, options);
    this.finish({ kind: "exit", error });
  }
}

function failure(error: unknown): AnswerMessage {
  return { kind: "failure", failure: packFailure(error) };
}

function reportUncaught(error: unknown): void {
  setImmediate(() => {
    throw error;
  });
}
