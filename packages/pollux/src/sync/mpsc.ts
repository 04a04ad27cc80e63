import { checkCount } from "./count.ts";
import { MAX_CAPACITY, MpscChannel } from "./mpsc-channel.ts";
import { MpscReceiver } from "./mpsc-receiver.ts";
import { MpscSender } from "./mpsc-sender.ts";
import { UnboundedMpscSender } from "./mpsc-unbounded.ts";
import type { SyncOptions } from "./options.ts";

/**
 * Makes a channel from many senders to one receiver, with places for `capacity` values: who sends faster than the
 * receiver receives waits, first come, first served.
 *
 * The channel ends when every sender is closed, or the receiver. A sender that is merely forgotten keeps it open, for
 * JavaScript does not tell when an object is no longer used: close it in a `finally`, or hold it with `using`.
 *
 * @param capacity - from 1 to 2^30 - 1
 * @throws RangeError or TypeError for another capacity
 *
 * @example
 * ```ts
 * const produce = co(function* (tx: MpscSender<number>) {
 *   try {
 *     for (let n = 1; n <= 3; n++) yield* tx.send(n);
 *   } finally {
 *     tx.close();
 *   }
 * });
 * const main = co(function* () {
 *   const [tx, rx] = mpsc<number>(16);
 *   spawn(produce(tx));
 *   let sum = 0;
 *   yield* rx.forEach((n) => {
 *     sum += n;
 *   });
 *   return sum;
 * });
 * console.log(await run(main())); // 6
 * ```
 */
export function mpsc<T>(capacity: number, options?: SyncOptions): [MpscSender<T>, MpscReceiver<T>] {
  const channel = new MpscChannel<T>(checkCount("capacity", capacity, 1, MAX_CAPACITY), options?.name);
  return [new MpscSender(channel), new MpscReceiver(channel)];
}

/**
 * Makes a channel from many senders to one receiver, with places for as many values as memory has. `send` is
 * synchronous: nothing slows down who sends faster than the receiver receives, so prefer {@link mpsc}.
 *
 * It ends as an {@link mpsc} channel does.
 *
 * @example
 * ```ts
 * const [tx, rx] = unboundedMpsc<string>({ name: "log" });
 * tx.send("a line");
 * tx.close();
 * for await (const line of rx) console.log(line); // "a line"
 * ```
 */
export function unboundedMpsc<T>(options?: SyncOptions): [UnboundedMpscSender<T>, MpscReceiver<T>] {
  const channel = new MpscChannel<T>(MAX_CAPACITY, options?.name);
  return [new UnboundedMpscSender(channel), new MpscReceiver(channel)];
}
