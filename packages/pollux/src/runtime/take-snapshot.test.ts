import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import { PassThrough } from "node:stream";
import { describe, expect, test } from "vitest";
import {
  abortable,
  aborted,
  allSettled,
  andThen,
  any,
  Barrier,
  BufReader,
  blocking,
  broadcast,
  CancellationToken,
  type Context,
  catchError,
  co,
  copy,
  copyBidirectional,
  crossMpsc,
  DelayQueue,
  deadline,
  duplex,
  File,
  Framed,
  FramedRead,
  Future,
  FuturesOrdered,
  FuturesUnordered,
  failed,
  finallyDo,
  fromCallback,
  fromNodeReadable,
  fromPromise,
  fromReadableStream,
  type Inspection,
  interval,
  JoinMap,
  JoinSet,
  join,
  lazy,
  linesCodec,
  Mutex,
  map,
  mpsc,
  Notify,
  never,
  now,
  OnceCell,
  on,
  once,
  oneshot,
  Pending,
  type Poll,
  pollFn,
  Runtime,
  RwLock,
  race,
  run,
  Semaphore,
  Stream,
  StreamMap,
  scope,
  select,
  signals,
  sleep,
  snapshot,
  spawn,
  stat,
  type TaskSnapshot,
  TaskTracker,
  TcpListener,
  TcpStream,
  TlsConnector,
  taskLocal,
  timeout,
  tryJoin,
  unconstrained,
  type WaitSnapshot,
  watch,
  whileConnected,
  withSignal,
  yieldNow,
} from "../index.ts";

/** What a dump says of a task that waits for `future`, without the numbers of what it waits with. */
async function waitingIn(make: () => Future<unknown>): Promise<{ text: string; wait: WaitSnapshot }> {
  const runtime = new Runtime({ clock: "paused" });
  let text = "";
  let wait: WaitSnapshot | undefined;
  const main = co(function* main() {
    const task = spawn(make(), { name: "it" });
    yield* yieldNow();
    yield* yieldNow();
    const [, line = "", rest = ""] =
      /^ +task \d+ \(it\): waiting in (.*); \d+ polls?, .*\n?([\s\S]*)/m.exec(runtime.dump()) ?? [];
    const parts = rest.split("\n").filter((part) => /^ {4}(?! *(?:task|scope))/.test(part));
    text = [line, ...parts.map((part) => part.trim())].join(" | ").replaceAll(/ #\d+/g, "");
    const all = snapshot(runtime).groups.flatMap(({ tasks }) => tasks);
    wait = all.find(({ name }) => name === "it")?.waitsFor;
    task.abort();
  });
  await runtime.run(main());
  if (wait === undefined) throw new Error("it does not wait");
  return { text, wait };
}

const taken = (): Mutex<string> => {
  const mutex = new Mutex("", { name: "m" });
  mutex.tryLock();
  return mutex;
};

const keep: unknown[] = [];

/** A stream that gives nothing: a channel whose sender is open. */
const quiet = (): Stream<number> => {
  const [tx, rx] = mpsc<number>(1);
  keep.push(tx);
  return Stream.from(rx);
};

/** A stream whose cleanup takes its time. */
const untidy = (): Stream<number> =>
  Stream.make<number>(function* (emit) {
    try {
      for (;;) yield* emit(1);
    } finally {
      yield* sleep(5);
    }
  });
/** A module with a function that does not end. */
const NEVER = "data:text/javascript,export const never = () => new Promise(() => {});";

/** A future, and what is said of it. */
const cases: Record<string, [make: () => Future<unknown>, text: string]> = {
  sleep: [() => sleep(50), "sleep (due in 50 ms)"],
  "sleep for ever": [() => sleep(Number.POSITIVE_INFINITY), "sleep for ever"],
  stat: [() => stat("/"), "stat (/)"],
  "File.open": [() => File.open("/"), "File.open (/)"],
  timeout: [() => timeout(5, never()), "timeout (due in 5 ms) > never"],
  deadline: [() => deadline(now() + 5, never()), "deadline (due in 5 ms) > never"],
  interval: [
    () => {
      const ticks = interval(10);
      return andThen(ticks.tick(), () => ticks.tick());
    },
    "andThen > tick (due in 10 ms)",
  ],
  DelayQueue: [
    () => {
      const queue = new DelayQueue<string>();
      queue.insert("a", 20);
      return queue.next();
    },
    "next of DelayQueue (1 not due; due in 20 ms)",
  ],
  "blocking call": [
    () => blocking<{ never(): Promise<void> }>(NEVER, { cancelGrace: 0 }).never(),
    "blocking call never in blocking pool (runs in thread 1)",
  ],
  "CrossSender.send": [
    () => {
      const [tx] = crossMpsc<number>(1);
      tx.trySend(1);
      return tx.send(2);
    },
    "send to channel between threads (0 free)",
  ],
  "CrossReceiver.recv": [
    () => crossMpsc<number>(1)[1].recv(),
    "receive from channel between threads (empty, 1 senders)",
  ],
  Mutex: [() => taken().lock(), 'lock mutex "m" (held by task 1 (main))'],
  "RwLock.read": [
    () => {
      const lock = new RwLock(0);
      lock.tryWrite();
      return lock.read();
    },
    "read RwLock (held by task 1 (main))",
  ],
  "RwLock.write": [
    () => {
      const lock = new RwLock(0);
      lock.tryRead();
      return lock.write();
    },
    "write RwLock (held by task 1 (main))",
  ],
  Semaphore: [() => new Semaphore(1).acquireMany(2), "acquire semaphore (2 wanted, 1 free)"],
  "Semaphore, not the first": [
    () => {
      const semaphore = new Semaphore(1);
      spawn(semaphore.acquireMany(2), { name: "first" }).observed();
      return andThen(yieldNow(), () => semaphore.acquire());
    },
    "andThen > acquire semaphore (1 wanted, 1 free, behind others)",
  ],
  OnceCell: [
    () => {
      const cell = new OnceCell<number>();
      spawn(
        cell.getOrInit(() => never()),
        { name: "first" },
      ).observed();
      return cell.getOrInit(() => never());
    },
    "(anonymous) > initialize OnceCell (held by task 2 (first))",
  ],
  Notify: [() => new Notify({ name: "n" }).notified(), 'notified by Notify "n" (1 waiting)'],
  Barrier: [() => new Barrier(3).wait(), "wait at barrier (1 of 3 have arrived)"],
  "mpsc, empty": [() => mpsc<number>(1)[1].recv(), "receive from mpsc channel (empty, 1 sender open)"],
  "mpsc, many": [
    () => mpsc<number>(1)[1].recvMany([], 2),
    "receive from mpsc channel (empty, 1 sender open)",
  ],
  "mpsc, full": [
    () => {
      const [tx] = mpsc<number>(1, { name: "c" });
      tx.trySend(1);
      return tx.send(2);
    },
    'send to mpsc channel "c" (1 of 1 places taken, nobody receives)',
  ],
  "mpsc, reserved": [
    () => {
      const [tx] = mpsc<number>(2);
      tx.tryReserve();
      return tx.reserveMany(2);
    },
    "send to mpsc channel (2 of 2 places taken, 2 of them reserved, nobody receives)",
  ],
  "mpsc, closed()": [() => mpsc<number>(1)[0].closed(), "closed by all receivers of mpsc channel"],
  oneshot: [() => oneshot()[1], "receive from oneshot channel (the sender is open and has sent nothing)"],
  broadcast: [
    () => broadcast<number>(1)[1].recv(),
    "receive from broadcast channel (nothing new, 1 sender open)",
  ],
  watch: [() => watch(0)[1].changed(), "a change of watch channel (version 0, 1 sender open)"],
  CancellationToken: [() => new CancellationToken().cancelled(), "cancelled of CancellationToken"],
  runUntilCancelled: [() => new CancellationToken().runUntilCancelled(never()), "runUntilCancelled > never"],
  JoinHandle: [() => map(spawn(never(), { name: "other" }), String), "map > join of task 2 (other)"],
  "JoinSet.joinNext": [
    () => {
      const set = new JoinSet<never>({ name: "set" });
      set.spawn(never(), { name: "one" });
      return set.joinNext();
    },
    'set "set" of task 2 (one)',
  ],
  "JoinSet.joinAll": [
    () => {
      const set = new JoinSet<never>();
      set.spawn(never(), { name: "one" });
      return set.joinAll();
    },
    'set "JoinSet" of task 2 (one)',
  ],
  JoinMap: [
    () => {
      const tasks = new JoinMap<string, never>();
      tasks.spawn("a", never(), { name: "one" });
      return tasks.joinNext();
    },
    'set "JoinMap" of task 2 (one)',
  ],
  TaskTracker: [() => new TaskTracker().wait(), "wait for TaskTracker (0 tracked, not closed)"],
  scope: [
    () =>
      scope(function* family(s) {
        s.spawn(never(), { name: "child" });
        yield* sleep(7);
      }),
    'scope "family" of task 3 (child) > (anonymous) > sleep (due in 7 ms)',
  ],
  select: [() => select({ a: sleep(1), b: never() }), "select | a: sleep (due in 1 ms) | b: never"],
  race: [() => race([sleep(1), never()]), "race | - sleep (due in 1 ms) | - never"],
  any: [() => any([never()]), "any > never"],
  join: [
    () => join(sleep(3), map(sleep(1), String)),
    "join | - sleep (due in 3 ms) | - map > sleep (due in 1 ms)",
  ],
  tryJoin: [() => tryJoin({ a: never() }), "tryJoin | a: never"],
  allSettled: [() => allSettled([never()]), "allSettled > never"],
  lazy: [() => lazy(() => never()), "lazy > never"],
  catchError: [() => catchError(never(), () => 1), "catchError > never"],
  finallyDo: [() => finallyDo(never(), () => {}), "finallyDo > never"],
  withSignal: [() => withSignal(never(), new AbortController().signal), "withSignal > never"],
  aborted: [() => aborted(new AbortController().signal), "aborted AbortSignal"],
  unconstrained: [() => unconstrained(sleep(4)), "sleep (due in 4 ms)"],
  taskLocal: [() => taskLocal<number>().scope(1, sleep(4)), "sleep (due in 4 ms)"],
  "a loan": [() => never().ref(), "never"],
  fromPromise: [() => fromPromise(new Promise(() => {})), "a promise"],
  signals: [() => signals("SIGUSR2").recv(), "receive (SIGUSR2)"],
  "Stream.next": [() => quiet().next(), "next > receive from mpsc channel (empty, 1 sender open)"],
  "Stream.next of a loan": [
    () => quiet().ref().next(),
    "next > receive from mpsc channel (empty, 1 sender open)",
  ],
  "Peekable.peek": [
    () => quiet().peekable().peek(),
    "next > receive from mpsc channel (empty, 1 sender open)",
  ],
  collect: [() => quiet().collect(), "collect > receive from mpsc channel (empty, 1 sender open)"],
  count: [() => quiet().count(), "count > receive from mpsc channel (empty, 1 sender open)"],
  last: [() => quiet().last(), "last > receive from mpsc channel (empty, 1 sender open)"],
  find: [() => quiet().find(Boolean), "find > receive from mpsc channel (empty, 1 sender open)"],
  "Stream.any": [() => quiet().any(Boolean), "any > receive from mpsc channel (empty, 1 sender open)"],
  "Stream.all": [() => quiet().all(Boolean), "all > receive from mpsc channel (empty, 1 sender open)"],
  fold: [
    () => quiet().fold(0, (sum, n) => sum + n),
    "fold > receive from mpsc channel (empty, 1 sender open)",
  ],
  forEach: [() => quiet().forEach(() => {}), "forEach > receive from mpsc channel (empty, 1 sender open)"],
  "forEach, in its body": [
    () =>
      Stream.from([1]).forEach(function* () {
        yield* sleep(5);
      }),
    "forEach > (anonymous) > sleep (due in 5 ms)",
  ],
  "fold, in its body": [
    () =>
      Stream.from([1]).fold(0, function* () {
        yield* sleep(5);
        return 1;
      }),
    "fold > (anonymous) > sleep (due in 5 ms)",
  ],
  "adapters of one stream": [
    () =>
      quiet()
        .map((n) => n + 1)
        .filter((n) => n > 0)
        .take(5)
        .enumerate()
        .chunks(2)
        .fuse()
        .collect(),
    "collect > receive from mpsc channel (empty, 1 sender open)",
  ],
  "broadcast, as a stream": [
    () => Stream.from(broadcast<number>(1)[1]).collect(),
    "collect > receive from broadcast channel (nothing new, 1 sender open)",
  ],
  "watch, as a stream": [
    () => Stream.from(watch(0)[1]).collect(),
    "collect > a change of watch channel (version 0, 1 sender open)",
  ],
  "JoinSet, as a stream": [
    () => {
      const set = new JoinSet<never>({ name: "set" });
      set.spawn(never(), { name: "one" });
      return Stream.from(set).collect();
    },
    'collect > set "set" of task 2 (one)',
  ],
  "JoinMap, as a stream": [
    () => {
      const tasks = new JoinMap<string, never>();
      tasks.spawn("a", never(), { name: "one" });
      return Stream.from(tasks).collect();
    },
    'collect > set "JoinMap" of task 2 (one)',
  ],
  "interval, as a stream": [() => Stream.from(interval(10)).skip(1).first(), "find > tick (due in 10 ms)"],
  "DelayQueue, as a stream": [
    () => {
      const queue = new DelayQueue<string>();
      queue.insert("a", 20);
      return Stream.from(queue).first();
    },
    "find > next of DelayQueue (1 not due; due in 20 ms)",
  ],
  "signals, as a stream": [() => Stream.from(signals("SIGUSR2")).first(), "find > receive (SIGUSR2)"],
  "Stream.make": [
    () =>
      Stream.make(function* () {
        yield* sleep(5);
      }).collect(),
    "collect > make > (anonymous) > sleep (due in 5 ms)",
  ],
  "emit, before the next value is wanted": [
    () => {
      let given: Future<void> | undefined;
      const stream = Stream.make<number>(function* (emit) {
        given = emit(1);
        yield* never();
      });
      return join(
        stream.next(),
        lazy(() => given),
      );
    },
    "join > lazy > emit (the next value is not wanted yet)",
  ],
  "Stream.never": [() => Stream.never().collect(), "collect > never"],
  "Stream.once": [() => Stream.once(never()).collect(), "collect > once > never"],
  "Stream.unfold": [
    () =>
      Stream.unfold(0, function* () {
        yield* sleep(5);
        return undefined;
      }).collect(),
    "collect > unfold > (anonymous) > sleep (due in 5 ms)",
  ],
  "an async iterable": [
    () => {
      const next = (): Promise<IteratorResult<number>> => new Promise(() => {});
      return Stream.from({ [Symbol.asyncIterator]: () => ({ next }) }).collect();
    },
    "collect > an async iterable > a promise",
  ],
  "a source that tells nothing": [
    () => Stream.pollFn<number>(() => Pending).collect(),
    "collect > PollFn (a stream that does not tell what it waits for)",
  ],
  merge: [
    () => Stream.merge([Stream.once(never()), Stream.once(never())]).first(),
    "find > merge | - once > never | - once > never",
  ],
  StreamMap: [
    () => {
      const map = new StreamMap<string, number>();
      map.insert("a", Stream.once(never()));
      return map.next();
    },
    "next > StreamMap | a: once > never",
  ],
  chain: [() => Stream.from([1]).chain(Stream.once(never())).collect(), "collect > once > never"],
  zip: [() => Stream.from([1]).zip(Stream.once(never())).collect(), "collect > zip | right: once > never"],
  flatMap: [
    () =>
      Stream.from([1])
        .flatMap(() => Stream.once(never()))
        .collect(),
    "collect > once > never",
  ],
  flattenUnordered: [
    () =>
      Stream.from([Stream.once(never()), Stream.once(sleep(1))])
        .flattenUnordered(2)
        .collect(),
    "collect > flattenUnordered | - once > never | - once > sleep (due in 1 ms)",
  ],
  buffered: [
    () =>
      quiet()
        .map(() => never())
        .buffered(2)
        .collect(),
    "collect > buffered > receive from mpsc channel (empty, 1 sender open)",
  ],
  "buffered, full": [
    () =>
      Stream.from([sleep(1), sleep(2)])
        .buffered(2)
        .collect(),
    "collect > buffered | - sleep (due in 1 ms) | - sleep (due in 2 ms)",
  ],
  bufferUnordered: [
    () =>
      Stream.from([sleep(1), sleep(2), sleep(3)])
        .bufferUnordered(2)
        .collect(),
    "collect > bufferUnordered | - sleep (due in 1 ms) | - sleep (due in 2 ms)",
  ],
  forEachConcurrent: [
    () => Stream.from([1, 2]).forEachConcurrent(2, (n) => sleep(n)),
    "forEach > forEachConcurrent | - sleep (due in 1 ms) | - sleep (due in 2 ms)",
  ],
  FuturesUnordered: [() => new FuturesUnordered([never()]).next(), "next > FuturesUnordered > never"],
  FuturesOrdered: [() => new FuturesOrdered([never()]).next(), "next > FuturesOrdered > never"],
  "Stream.andThen": [
    () =>
      Stream.from([1])
        .andThen(() => sleep(3))
        .collect(),
    "collect > andThen > sleep (due in 3 ms)",
  ],
  "Stream.catchError": [
    () =>
      Stream.once(failed(new Error("no")))
        .catchError(() => sleep(3))
        .collect(),
    "collect > catchError > sleep (due in 3 ms)",
  ],
  "Stream.finallyDo": [
    () =>
      Stream.from([1])
        .finallyDo(() => sleep(3))
        .collect(),
    "collect > finallyDo > sleep (due in 3 ms)",
  ],
  "Stream.timeout": [
    () => quiet().timeout(5).collect(),
    "collect > timeout (due in 5 ms) > receive from mpsc channel (empty, 1 sender open)",
  ],
  debounce: [
    () => Stream.from([1]).chain(Stream.once(never())).debounce(5).collect(),
    "collect > debounce (due in 5 ms) > once > never",
  ],
  chunksTimeout: [
    () => Stream.from([1]).chain(Stream.once(never())).chunksTimeout(2, 5).collect(),
    "collect > chunksTimeout (due in 5 ms) > once > never",
  ],
  throttle: [() => Stream.from([1, 2]).throttle(5).collect(), "collect > throttle > sleep (due in 5 ms)"],
  takeUntil: [
    () => quiet().takeUntil(sleep(5)).collect(),
    "collect > takeUntil | until: sleep (due in 5 ms) | stream: receive from mpsc channel (empty, 1 sender open)",
  ],
  "a consumer that has enough": [() => untidy().first(), "find (gives its stream up)"],
  "a stream that ends early": [
    () => untidy().take(1).collect(),
    "collect > the end (gives up what it was made of)",
  ],
  "Stream.close": [
    () => {
      const stream = untidy();
      return andThen(stream.next(), () => stream.close());
    },
    "andThen > close (a stream is being given up)",
  ],
  "Reader.read": [() => duplex(16)[0].read(new Uint8Array(1)), "read() on DuplexStream"],
  lines: [() => new BufReader(duplex(16)[0]).lines().first(), "find > read from BufReader"],
  "FramedRead.next": [() => new FramedRead(duplex(16)[0], linesCodec()).next(), "a frame from DuplexStream"],
  "Framed, as a stream": [
    () => Stream.from(new Framed(duplex(16)[0], linesCodec())).first(),
    "find > a frame from DuplexStream",
  ],
  "Framed.send": [
    () => new Framed(duplex(1)[0], linesCodec()).send("more than fits"),
    "send() to DuplexStream",
  ],
  copy: [
    () => copy(duplex(16)[0], duplex(16)[1]),
    "copy() | - read from DuplexStream | - write to DuplexStream",
  ],
  copyBidirectional: [
    () => copyBidirectional(duplex(16)[0], duplex(16)[0]),
    "copyBidirectional() | - both ways on DuplexStream | - both ways on DuplexStream",
  ],
  "TlsConnector.connect": [
    () => new TlsConnector().connect(duplex(16)[0], "localhost"),
    "timeout (due in 120000 ms) > TLS handshake on DuplexStream",
  ],
  once: [() => once(new EventTarget(), "tick"), 'event "tick"'],
  on: [() => on(new EventTarget(), "tick").first(), 'find > event "tick"'],
  fromCallback: [() => fromCallback(() => {}), "a promise"],
  abortable: [() => abortable(() => never()), "abortable > never"],
  fromReadableStream: [
    () => fromReadableStream(new ReadableStream<number>()).first(),
    "find > a chunk of a ReadableStream",
  ],
  fromNodeReadable: [() => fromNodeReadable(new PassThrough()).first(), "find > a chunk of a Readable"],
  whileConnected: [
    () => whileConnected(new ServerResponse(new IncomingMessage(new Socket())), never()),
    "whileConnected > never",
  ],
};

describe("snapshot: what is said of", () => {
  for (const [name, [make, expected]] of Object.entries(cases)) {
    test(name, async () => {
      const { text, wait } = await waitingIn(make);
      expect(text).toBe(expected);
      expect(wait.silent).toBeUndefined();
      expect(JSON.parse(JSON.stringify(wait))).toEqual(wait);
    });
  }

  test("a future that tells nothing: its class", async () => {
    class Gate extends Future<void> {
      override poll(): Poll<void> {
        return Pending;
      }
    }
    const { text, wait } = await waitingIn(() => new Gate());
    expect(text).toBe("Gate (a future that does not tell what it waits for)");
    expect(wait).toEqual({ op: "Gate", silent: true });
    expect((await waitingIn(() => pollFn(() => Pending))).wait.silent).toBe(true);
  });

  test("a future whose inspect throws: that", async () => {
    class Broken extends Future<void> {
      override poll(): Poll<void> {
        return Pending;
      }
      override inspect(): Inspection {
        throw new Error("oops");
      }
    }
    expect((await waitingIn(() => new Broken())).text).toBe("Broken (its inspect has thrown Error: oops)");
  });

  test("a future that names itself: once", async () => {
    class Ring extends Future<void> {
      override poll(): Poll<void> {
        return Pending;
      }
      override inspect(): Inspection {
        return { op: "ring", futures: [["", this]] };
      }
    }
    expect((await waitingIn(() => new Ring())).text).toBe("ring");
  });

  test("a chain of many coroutines: its ends", async () => {
    const nest: (depth: number) => Future<void> = co(function* link(depth: number) {
      if (depth > 1) yield* nest(depth - 1);
      else yield* sleep(1);
    });
    const { wait } = await waitingIn(() => nest(1_000));
    expect(wait.in).toHaveLength(33);
    expect(wait.in?.[16]).toBe("… 968 more …");
    expect(wait.op).toBe("sleep");
  });

  test("sockets: their addresses and the direction", async () => {
    const runtime = new Runtime();
    const texts: string[] = [];
    const main = co(function* main() {
      const listener = yield* TcpListener.bind({ host: "127.0.0.1", port: 0 });
      const { port } = listener.localAddress;
      const accepts = spawn(listener.accept(), { name: "server" });
      yield* yieldNow();
      texts.push(runtime.dump());
      const client = yield* TcpStream.connect({ host: "127.0.0.1", port });
      yield* accepts;
      const reads = spawn(client.read(new Uint8Array(1)), { name: "client" });
      yield* yieldNow();
      texts.push(runtime.dump());
      reads.abort();
      listener.close();
      expect(texts[0]).toMatch(
        RegExp(`\\(server\\): waiting in accept\\(\\) on TCP listener #\\d+ "127.0.0.1:${port}"`),
      );
      const ours = client.localAddress.port;
      expect(texts[1]).toMatch(
        RegExp(`\\(client\\): .* read\\(\\) on TCP stream #\\d+ "127.0.0.1:${ours} to 127.0.0.1:${port}"`),
      );
    });
    await runtime.run(main());
  });
});

describe("snapshot: the tree", () => {
  const names = (tasks: readonly TaskSnapshot[]): unknown[] =>
    tasks.map(({ name, scopes }) =>
      scopes.length === 0 ? name : [name, ...scopes.map((each) => [each.name, ...names(each.tasks)])],
    );

  test("the tasks of a scope stand below the task that runs it, at any depth, also while that runs", async () => {
    const runtime = new Runtime({ clock: "paused" });
    let tree: unknown;
    const parent = co(function* parent() {
      yield* scope(function* inner(s) {
        s.spawn(never(), { name: "grandchild" });
        yield* never();
      });
    });
    const main = co(function* main() {
      new JoinSet<never>({ name: "pool" }).spawn(never(), { name: "worker" });
      yield* scope(function* outer(s) {
        s.spawn(parent());
        s.spawn(never(), { name: "child" });
        yield* sleep(1);
        tree = snapshot(runtime).groups.map((group) => [group.name, ...names(group.tasks)]);
        s.abortAll();
      });
    });
    await runtime.run(main());
    expect(tree).toEqual([
      ["main", ["main", ['scope "outer"', ["parent", ['scope "inner"', "grandchild"]], "child"]]],
      ["pool", "worker"],
    ]);
  });

  test("states, polls and wakes of each task", async () => {
    const runtime = new Runtime({ clock: "paused" });
    const seen: Partial<TaskSnapshot>[] = [];
    const main = co(function* main() {
      const [tx, rx] = mpsc<number>(1);
      spawn(
        rx.forEach(() => {}),
        { name: "reader" },
      );
      const cleaner = spawn(
        co(function* () {
          try {
            yield* never();
          } finally {
            yield* sleep(5);
          }
        })(),
        { name: "cleaner" },
      );
      yield* tx.send(1);
      yield* yieldNow();
      cleaner.abort();
      yield* yieldNow();
      spawn(never(), { name: "fresh" });
      for (const { tasks } of snapshot(runtime).groups) {
        for (const { name, state, polls, wakes } of tasks)
          seen.push({ name: name ?? "", state, polls, wakes });
      }
    });
    await runtime.run(main());
    expect(seen).toEqual([
      { name: "main", state: "running", polls: 3, wakes: 2 },
      { name: "reader", state: "waiting", polls: 1, wakes: 0 },
      { name: "cleaner", state: "cleaning up", polls: 2, wakes: 1 },
      { name: "fresh", state: "runnable", polls: 0, wakes: 0 },
    ]);
  });

  test("a lock that a lost select was granted is unclaimed, and names the task", async () => {
    const runtime = new Runtime({ clock: "paused" });
    const mutex = new Mutex(0, { name: "m" });
    const impatient = co(function* impatient() {
      const lock = mutex.lock();
      yield* select({ lock: lock.ref(), late: sleep(1) });
      yield* never();
    });
    const main = co(function* main() {
      const guard = yield* mutex.lock();
      spawn(impatient());
      yield* sleep(5);
      guard.release();
      spawn(mutex.lock(), { name: "next" });
      yield* yieldNow();
      return snapshot(runtime).findings.map(({ kind, tasks }) => [kind, ...tasks]);
    });
    expect(await runtime.run(main())).toEqual([["unclaimed", 2]]);
  });

  test("a lock is nobody's once it was released, whoever waited first", async () => {
    const mutex = new Mutex(0);
    const main = co(function* main() {
      const guard = yield* mutex.lock();
      const other = spawn(mutex.lock());
      yield* yieldNow();
      guard.release();
      const next = yield* other;
      next.release();
      const last = mutex.tryLock();
      const waits = spawn(mutex.lock(), { name: "waits" });
      yield* yieldNow();
      const text = runtime.dump();
      last.release();
      (yield* waits).release();
      return text;
    });
    const runtime = new Runtime();
    expect(await runtime.run(main())).toMatch(/\(waits\): .*held by task 1 \(main\)\)/);
  });

  test("a handed-on permit is no deadlock", async () => {
    const runtime = new Runtime({ clock: "paused" });
    const slots = new Semaphore(1);
    const main = co(function* main() {
      const permit = yield* slots.acquire();
      spawn(
        co(function* () {
          yield* sleep(10);
          permit.release();
        })(),
      );
      const text = spawn(
        co(function* () {
          yield* sleep(1);
          return runtime.dump();
        })(),
      );
      yield* slots.acquire();
      return yield* text;
    });
    expect(await runtime.run(main())).not.toContain("deadlock");
  });

  test("a task of another runtime that holds the lock is told as one", async () => {
    const mutex = new Mutex(0);
    const other = new Runtime();
    await other.run(mutex.lock());
    const runtime = new Runtime();
    runtime.spawn(mutex.lock(), { name: "here" });
    await new Promise((resolve) => setImmediate(resolve));
    expect(runtime.dump()).toContain("held by task 1 (main) of another runtime");
  });
});

test("snapshot: without trackOrigins no origin is noted", async () => {
  const runtime = new Runtime();
  const main = co(function* () {
    yield* yieldNow();
    return snapshot(runtime).groups[0]?.tasks[0];
  });
  expect(await runtime.run(main())).not.toHaveProperty("spawnedAt");
});

test("Future.inspect: is not called but by a dump", async () => {
  let calls = 0;
  class Counted extends Future<void> {
    #polls = 0;
    override poll(cx: Context): Poll<void> {
      if (this.#polls++ > 3) return undefined;
      cx.wake();
      return Pending;
    }
    override inspect(): Inspection {
      calls++;
      return { op: "counted" };
    }
  }
  await run(new Counted());
  expect(calls).toBe(0);
});
