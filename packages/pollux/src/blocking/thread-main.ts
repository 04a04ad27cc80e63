import type { packFailure, unpackFailure } from "./carried-failure.ts";
import type { Surroundings } from "./in-thread.ts";
import type { AnswerMessage, CallMessage, ThreadData, ThreadMessage } from "./messages.ts";

/**
 * What runs in a thread of the pool: one call after the other. It is sent there as text, so it uses nothing from outside
 * of itself. A program in one bundle has no file for it; and it imports no Pollux, which only some modules need.
 *
 * @param load - gives Node's own modules
 * @param importModule - imports the user's
 */
export function threadMain(
  load: (name: string) => unknown,
  importModule: (url: string) => Promise<Record<string, unknown>>,
  pack: typeof packFailure,
  unpack: typeof unpackFailure,
): void {
  // What Node gives for the name, and the pool for the data.
  const { receiveMessageOnPort, workerData } = load(
    "node:worker_threads",
  ) as typeof import("node:worker_threads");
  const { port, answers, flags } = workerData as ThreadData;
  const [cancelled, answered] = [0, 1];
  const transfers = new WeakMap<object, readonly import("node:worker_threads").TransferListItem[]>();
  const say = (message: ThreadMessage, moved: unknown): void => {
    const list = typeof moved === "object" && moved !== null ? transfers.get(moved) : undefined;
    port.postMessage(message, list);
  };

  const ask = (name: string, args: readonly unknown[]): unknown => {
    const before = Atomics.load(flags, answered);
    say({ kind: "question", name, args }, args);
    Atomics.wait(flags, answered, before);
    // It was sent before the count went up.
    const answer = receiveMessageOnPort(answers)?.message as AnswerMessage;
    if (answer.kind === "value") return answer.value;
    const site: { stack?: string } = {};
    Error.captureStackTrace(site, ask);
    throw unpack(answer.failure, (site.stack ?? "").split("\n").slice(1).join("\n"));
  };
  const surroundings: Surroundings = {
    isCancelled: () => Atomics.load(flags, cancelled) === 1,
    ask,
    transfers,
  };
  Object.defineProperty(globalThis, Symbol.for("pollux.blocking.v1"), { value: surroundings });

  const serve = async ({ module, name, args }: CallMessage): Promise<void> => {
    let value: unknown;
    try {
      const exported = await importModule(module);
      const fn = Object.hasOwn(exported, name) ? exported[name] : undefined;
      if (typeof fn !== "function") throw new TypeError(`${module} exports no function ${name}`);
      value = await fn(...args);
    } catch (error) {
      say({ kind: "failure", failure: pack(error) }, null);
      return;
    }
    try {
      say({ kind: "value", value }, value);
    } catch (error) {
      say({ kind: "uncloneable", failure: pack(error) }, null);
    }
  };
  port.on("message", serve);
}
