import { type MessagePort, workerData } from "node:worker_threads";
import { packFailure } from "../../blocking/carried-failure.ts";
import { describe } from "../../core/errors.ts";
import { isFuture } from "../../core/future.ts";
import { Runtime } from "../runtime.ts";
import { snapshot } from "../take-snapshot.ts";
import type { Answers, FromThread, ThreadData, ToThread } from "./messages.ts";
import { RuntimeThread } from "./runtime-thread.ts";

/**
 * What runs in each thread of `RuntimeThreads`: a runtime of its own, and in it the coroutine of the user's module.
 *
 * @param importModule - imports that module
 */
export async function threadMain(
  importModule: (url: string) => Promise<Record<string, unknown>>,
): Promise<void> {
  const data = workerData as ThreadData; // Nobody but `WorkerThread` calls this.
  const port = data.port as MessagePort; // Of which our types say less.
  const say = (message: FromThread): void => port.postMessage(message);
  const runtime = new Runtime(data.runtime);
  const abort = new AbortController();
  const thread = new RuntimeThread(data, () => say({ kind: "ready" }));
  const answers: { readonly [K in keyof Answers]: () => Answers[K] } = {
    metrics: () => runtime.metrics(),
    snapshot: () => snapshot(runtime),
    dump: () => runtime.dump(),
  };
  port.on("message", (message: ToThread) => {
    if (message.kind === "stop") thread.stopping.cancel();
    else if (message.kind === "abort") abort.abort();
    else say({ kind: "answer", id: message.id, value: answers[message.what]() });
  });
  try {
    const exported = await importModule(data.module);
    const fn = Object.hasOwn(exported, data.export) ? exported[data.export] : undefined;
    if (typeof fn !== "function") throw new TypeError(`${data.module} exports no function ${data.export}`);
    const future: unknown = fn(thread);
    if (!isFuture(future))
      throw new TypeError(
        `${data.export} of ${data.module} must be a coroutine: it gave ${describe(future)}`,
      );
    await runtime.run(future, { signal: abort.signal, name: data.export });
    say({ kind: "ended" });
  } catch (error) {
    say({ kind: "failed", failure: packFailure(error) });
  } finally {
    port.close();
  }
}
