/** What the watchdog's thread is given. */
export interface WatchdogData {
  /** Goes up as long as the main thread's loop turns. */
  readonly beats: Int32Array;
  readonly limit: number;
  readonly exit: boolean;
  /** The folder of the library. */
  readonly own: string;
}

/**
 * What runs in the watchdog's thread. It is sent there as text, so it uses nothing from outside of itself.
 *
 * The main thread cannot answer while it is in a loop. V8 can be told to stop it: the inspector then hands out the stack,
 * and evaluates which task is under way. The thread writes to the descriptor itself, since its own `process.stderr`
 * would go through the main thread.
 */
export function watchMainThread(load: (name: string) => unknown): void {
  // What Node gives for each of the names.
  const { writeSync } = load("node:fs") as typeof import("node:fs");
  const { Session } = load("node:inspector") as typeof import("node:inspector");
  const { workerData } = load("node:worker_threads") as typeof import("node:worker_threads");
  const { beats, limit, exit, own } = workerData as WatchdogData;

  const who = `(() => {
    const task = globalThis[Symbol.for("pollux.ambient.v1")]?.cx?.task;
    return task?.describe?.() ?? "no task";
  })()`;

  let last = 0;
  let since = Date.now();
  let reported = false;

  const report = (task: string, stack: readonly string[]): void => {
    const head = `pollux: the event loop has not turned for ${limit} ms; under way is ${task}`;
    writeSync(2, `${[head, ...stack.map((line) => `    at ${line}`)].join("\n")}\n`);
  };

  const inspect = (): void => {
    const session = new Session();
    const urls = new Map<string, string>();
    session.connectToMainThread();
    session.on("Debugger.scriptParsed", ({ params }) => {
      urls.set(params.scriptId, params.url);
    });
    session.on("Debugger.paused", ({ params: { callFrames } }) => {
      const stack = callFrames
        .map(({ functionName, location, url }) => ({
          name: functionName || "(anonymous)",
          url: url || urls.get(location.scriptId) || "(unknown)",
          at: `${location.lineNumber + 1}:${(location.columnNumber ?? 0) + 1}`,
        }))
        .filter(({ url }) => !url.startsWith(own) && !url.startsWith("node:"))
        .map(({ name, url, at }) => `${name} (${url}:${at})`);
      session.post(
        "Debugger.evaluateOnCallFrame",
        { callFrameId: callFrames[0]?.callFrameId ?? "", expression: who, returnByValue: true },
        (error, answer) => {
          report(error === null ? String(answer.result.value) : "unknown", stack);
          if (exit)
            session.post("Runtime.evaluate", { expression: "setTimeout(() => process.exit(13), 50)" });
          session.post("Debugger.resume", { terminateOnResume: exit }, () =>
            session.post("Debugger.disable", () => session.disconnect()),
          );
        },
      );
    });
    session.post("Debugger.enable", () => session.post("Debugger.pause"));
  };

  setInterval(() => {
    const now = Atomics.load(beats, 0);
    if (now !== last) {
      last = now;
      since = Date.now();
      reported = false;
    } else if (!reported && Date.now() - since >= limit) {
      reported = true;
      try {
        inspect();
      } catch (error) {
        report("unknown, since the inspector refuses", [String(error)]);
      }
    }
  }, limit / 4);
}
