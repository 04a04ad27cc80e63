import {
  CancellationToken,
  co,
  End,
  fromPromise,
  fromReadableStream,
  Mutex,
  mpsc,
  run,
  Stream,
  scope,
  select,
  sleep,
  spawn,
  timeout,
  toReadableStream,
} from "../../src/index.ts";

/** What a page may do with the library and the Web's globals alone; the parts are compared as text. */
const main = co(function* () {
  const results: Record<string, unknown> = {};

  const task = spawn(
    co(function* () {
      yield* sleep(5);
      return "slept";
    })(),
  );
  results["spawn"] = yield* task;

  const first = yield* select({ slow: sleep(60_000), fast: sleep(1) });
  results["select"] = first.key;

  const [tx, rx] = mpsc<number>(1);
  results["scope and channel"] = yield* scope(function* (s) {
    s.spawn(
      co(function* () {
        for (let n = 1; n <= 3; n++) yield* tx.send(n);
        tx.close();
      })(),
    );
    let sum = 0;
    yield* rx.forEach((n) => {
      sum += n;
    });
    return sum;
  });

  results["stream"] = yield* Stream.from([1, 2, 3, 4])
    .filter((n) => n % 2 === 0)
    .map((n) => n * n)
    .collect();

  const log: string[] = [];
  const token = new CancellationToken();
  const worker = spawn(
    co(function* () {
      try {
        yield* token.cancelled();
      } finally {
        yield* sleep(1);
        log.push("cleaned up");
      }
    })(),
  );
  yield* sleep(1);
  worker.abort();
  yield* fromPromise(Promise.resolve(worker).catch(() => {}));
  results["cancel"] = log;

  const mutex = new Mutex(0);
  results["timeout"] = yield* mutex.with(function* () {
    try {
      yield* timeout(1, mutex.lock());
    } catch (error) {
      return (error as { code: string }).code;
    }
    return "locked twice";
  });

  const web = fromReadableStream(toReadableStream(Stream.from("abc")));
  let text = "";
  for (let letter: string | End; (letter = yield* web.next()) !== End; ) text += letter;
  results["web streams"] = text;

  // More polls than one turn of the host takes: it goes on by messages.
  let turns = 0;
  for (let n = 0; n < 2000; n++) {
    yield* sleep(0);
    turns++;
  }
  results["turns"] = turns;
  return results;
});

/** What the page shows. */
export const done: Promise<string> = run(main()).then(
  (results) => JSON.stringify(results),
  (error: unknown) => (error instanceof Error ? (error.stack ?? error.message) : String(error)),
);
