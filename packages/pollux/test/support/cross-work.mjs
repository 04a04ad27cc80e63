// What the tests of channels between threads have done in other threads, each on a runtime of its own: in threads without the
// tests' condition, for they use the built package.
import { co, crossReceiver, crossSender, ready, run, select, yieldNow } from "../../dist/index.js";

/**
 * Sends as the steps say, and gives what it has sent: "send" waits for room, "try" does not, "give up" cancels the send if
 * there is no room at once, "pause" lets the loop turn. `inside[0]` counts what was sent and not received.
 */
export function produce(end, id, steps, inside) {
  const tx = crossSender(end);
  const sent = [];
  const main = co(function* () {
    for (const [n, step] of steps.entries()) {
      const value = `${id}/${n}`;
      if (step === "pause") {
        yield* yieldNow();
        continue;
      }
      if (step === "try") {
        try {
          tx.trySend(value);
        } catch (error) {
          if (error.code === "POLLUX_FULL") continue;
          throw error;
        }
      } else if (step === "give up") {
        const first = yield* select({ sent: tx.send(value), not: ready(0) }, { biased: true });
        if (first.key === "not") continue;
      } else yield* tx.send(value);
      Atomics.add(inside, 0, 1);
      sent.push(value);
    }
    tx.close();
    return sent;
  });
  return run(main());
}

export function consume(end, inside) {
  const rx = crossReceiver(end);
  const got = [];
  const main = co(function* () {
    yield* rx.forEach((value) => {
      Atomics.sub(inside, 0, 1);
      got.push(value);
    });
    return got;
  });
  return run(main());
}

/** Sends until nobody receives, and gives the code of the error. */
export function sendForEver(end) {
  const tx = crossSender(end);
  const main = co(function* () {
    try {
      for (let n = 0; ; n++) yield* tx.send(n);
    } catch (error) {
      return error.code;
    }
  });
  return run(main());
}

/** Sends `count`, and ends its thread while it waits for room. */
export function sendAndDie(end, count) {
  const tx = crossSender(end);
  const main = co(function* () {
    for (let n = 0; n < count; n++) yield* tx.send(n);
    setTimeout(() => process.exit(1), 1);
    for (;;) yield* tx.send("more");
  });
  return run(main());
}

/** Receives `count`, and ends its thread. */
export function receiveAndDie(end, count) {
  const rx = crossReceiver(end);
  const main = co(function* () {
    for (let n = 0; n < count; n++) yield* rx.recv();
    process.exit(1);
  });
  return run(main());
}
