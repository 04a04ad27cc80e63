// What the tests of blocking calls have done in other threads. Threads load what Node loads, which is no TypeScript; so it
// is the built files, and those alone that need no "#host", which the tests' condition leads to the sources.
import { cancelled } from "../../dist/blocking/cancelled.js";
import { onMain } from "../../dist/blocking/on-main.js";
import { transfer } from "../../dist/blocking/transfer.js";

const pause = new Int32Array(new SharedArrayBuffer(4));

/** Stands still for `ms`. */
export function block(ms, value) {
  Atomics.wait(pause, 0, 0, ms);
  return value;
}

export function add(a, b) {
  return a + b;
}

export async function later(value) {
  await new Promise((resolve) => setTimeout(resolve, 1));
  return value;
}

/** Stands still until `gate[0]` is 1, and counts itself in `gate[1]` meanwhile. */
export function waitAtGate(gate, value) {
  Atomics.add(gate, 1, 1);
  Atomics.notify(gate, 1);
  Atomics.wait(gate, 0, 0);
  Atomics.sub(gate, 1, 1);
  return value;
}

/** Writes down in `log` who was begun: `log[0]` is how many there are. */
export function note(log, value) {
  log[Atomics.add(log, 0, 1) + 1] = value;
}

export function untilCancelled(state) {
  Atomics.store(state, 0, 1);
  Atomics.notify(state, 0);
  while (!cancelled());
  Atomics.store(state, 1, 1);
}

export function failWhenCancelled(state, message) {
  untilCancelled(state);
  throw new Error(message);
}

export function spin(state) {
  Atomics.store(state, 0, 1);
  for (;;);
}

class PaymentError extends RangeError {
  name = "PaymentError";
  code = "E_PAYMENT";
  details = { cents: 5n, at: new Map([["a", 1]]), retry() {} };
}

export function fail(message) {
  throw new PaymentError(message, { cause: new TypeError("the cause") });
}

export function failAll() {
  throw new AggregateError([new Error("one"), "two"], "all");
}

export function failWith(value) {
  throw value;
}

export function failUnreadably() {
  throw Object.defineProperty(new Error("x"), "message", {
    get() {
      throw new Error("no message");
    },
  });
}

export function exit(code) {
  process.exit(code);
}

export function crash() {
  setTimeout(() => {
    throw new Error("nobody catches this");
  });
  return new Promise(() => {});
}

export function giveFunction() {
  return () => {};
}

export function never() {
  return new Promise(() => {});
}

export const notAFunction = 5;

export function fill(bytes) {
  bytes.fill(7);
  return transfer(bytes, [bytes.buffer]);
}

export function askFor(name, ...args) {
  return onMain()[name](...args);
}

export function askTwice(name) {
  const main = onMain();
  return [main[name](1), main[name](2)];
}

export function askSafely(name, ...args) {
  try {
    return { value: askFor(name, ...args) };
  } catch (error) {
    return { name: error.name, code: error.code, stack: error.stack };
  }
}

export function askAndReport(state, name) {
  try {
    askFor(name);
  } catch (error) {
    Atomics.store(state, 0, error.code === "POLLUX_CANCELLED" ? 1 : 2);
    throw error;
  }
}

let calls = 0;

/** How often this thread was called. */
export function count() {
  return ++calls;
}

export function cancelledThenAsk(state, name) {
  untilCancelled(state);
  askFor(name);
}

export function sendAll(count) {
  const main = onMain();
  for (let n = 0; n < count; n++) main.send(n);
  main.close();
}

export function receiveAll(count) {
  const main = onMain();
  let sum = 0;
  for (let n = 0; n < count; n++) sum += main.recv();
  return sum;
}

/** Only in a thread without the tests' condition: the whole library needs "#host". */
export async function runOwnRuntime() {
  const { co, run, sleep } = await import("../../dist/index.js");
  const main = co(function* () {
    yield* sleep(1);
    return "inner";
  });
  return run(main());
}

/** As above: connects to a port, and gives what it reads. */
export async function readFrom(port) {
  const { co, run, TcpStream } = await import("../../dist/index.js");
  const main = co(function* () {
    const stream = yield* TcpStream.connect({ host: "127.0.0.1", port });
    try {
      return yield* stream.readToString();
    } finally {
      stream.close();
    }
  });
  return run(main());
}
