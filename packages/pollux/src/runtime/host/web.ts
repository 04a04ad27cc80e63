import type { Host } from "../../task/host.ts";

/** What a turn of the loop is where there is no `setImmediate`: a message, which unlike a timer is not held back. */
function messageTurn(): (task: () => void) => void {
  const waiting: (() => void)[] = [];
  const { port1, port2 } = new MessageChannel();
  port1.addEventListener("message", () => waiting.shift()?.());
  port1.start();
  return (task) => {
    waiting.push(task);
    port2.postMessage(null);
  };
}

let turn: ((task: () => void) => void) | undefined;

/** Browsers, Deno, Bun, workers: the Web's globals and nothing else. */
export const host: Host = {
  now: () => performance.now(),
  microtask: (task) => queueMicrotask(task),
  turn: (task) => {
    turn ??= messageTurn();
    turn(task);
  },
  timer: (task, ms) => {
    const timer = setTimeout(task, ms);
    return () => clearTimeout(timer);
  },
  uncaught: (error) => {
    setTimeout(() => {
      throw error;
    });
  },
  onLoopEmpty: () => () => {}, // A page or a worker does not end when its loop is empty.
  warn: (text) => console.warn(text),
  captureContext: () => null,
  ownContext: (run) => run(),
};
