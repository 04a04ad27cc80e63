import { MessageChannel } from "node:worker_threads";
import { describe } from "../core/errors.ts";
import { checkCount } from "../sync/count.ts";
import { type CrossEnd, FREE } from "./cross-messages.ts";
import { CrossReceiver } from "./cross-receiver.ts";
import { CrossSender } from "./cross-sender.ts";

/**
 * Makes a channel from many senders to one receiver, each of which may be in a thread, and on a runtime, of its own. It has
 * places for `capacity` values, on their way or arrived: who sends faster than the receiver receives waits.
 *
 * Both ends begin here. `detach` takes one out for another thread, once; `clone` makes more senders. Values are copied by
 * structured clone. The channel ends when every sender is closed or its thread has ended, or the receiver is. An end that is
 * waited on keeps its process alive, and no other does.
 *
 * A thread that is ended by force in the very moment of a `send` may take a place with it.
 *
 * @param capacity - from 1 to 2^30 - 1
 * @throws RangeError or TypeError for another capacity
 *
 * Of what `mpsc` has there is no `reserveMany`, since each place is granted by a message of its own, and no weak sender and no
 * count of senders, since no thread but the receiver's knows of them all.
 *
 * @example
 * ```ts
 * const [tx, rx] = crossMpsc<number>(4);
 * const end = tx.detach(); // for worker.postMessage(end, [end.port]), or as an argument of a call of `blocking`
 * // In the other thread:
 * const produce = co(function* (end: CrossEnd<number>) {
 *   const tx = crossSender(end);
 *   for (let n = 1; n <= 10; n++) yield* tx.send(n);
 *   tx.close();
 * });
 * // Here:
 * const main = co(function* () {
 *   spawn(produce(end));
 *   let sum = 0;
 *   yield* rx.forEach((n) => {
 *     sum += n;
 *   });
 *   console.log(sum); // 55
 * });
 * await run(main());
 * ```
 */
export function crossMpsc<T>(capacity: number): [CrossSender<T>, CrossReceiver<T>] {
  checkCount("capacity", capacity, 1, 2 ** 30 - 1);
  const state = new Int32Array(new SharedArrayBuffer(12));
  state[FREE] = capacity;
  const { port1, port2 } = new MessageChannel();
  return [
    new CrossSender<T>({ kind: "sender", port: port1, state, capacity }),
    new CrossReceiver<T>({ kind: "receiver", port: port2, state, capacity }),
  ];
}

/**
 * The sender that was detached in another thread.
 *
 * @throws TypeError if it is given anything else
 *
 * @example
 * ```ts
 * const [tx, rx] = crossMpsc<string>(1);
 * const end = tx.detach();
 * using there = crossSender(end); // in the thread that `end` was sent to
 * there.trySend("hello");
 * console.log(tx.isClosed, await rx.recv()); // true "hello"
 * ```
 */
export function crossSender<T>(end: CrossEnd<T>): CrossSender<T> {
  requireEnd(end, "sender", "crossSender");
  return new CrossSender(end);
}

/**
 * The receiver that was detached in another thread. What was sent before it got there comes too.
 *
 * @throws TypeError if it is given anything else
 *
 * @example
 * ```ts
 * const [tx, rx] = crossMpsc<string>(1);
 * tx.trySend("hello");
 * tx.close();
 * const end = rx.detach();
 * const there = crossReceiver(end); // in the thread that `end` was sent to
 * for await (const value of there) console.log(value); // "hello"
 * ```
 */
export function crossReceiver<T>(end: CrossEnd<T>): CrossReceiver<T> {
  requireEnd(end, "receiver", "crossReceiver");
  return new CrossReceiver(end);
}

function requireEnd(end: { readonly kind: string }, kind: string, who: string): void {
  // A caller may hand over what has come from anywhere.
  if ((end as { readonly kind: string } | null | undefined)?.kind !== kind)
    throw new TypeError(`${who} needs the end that a ${kind}'s detach() gave, not ${describe(end)}`);
}
