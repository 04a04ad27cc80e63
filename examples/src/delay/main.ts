import { constants } from "node:os";
import process from "node:process";
import { CancellationToken, co, type Future, Runtime, type Signals, scope, signals } from "pollux";
import { type Address, allAtOnce, answered, type Batch, oneAfterAnother, request } from "./client.ts";
import { type Options, parseOptions, USAGE, UsageError } from "./options.ts";
import { listen, type Server, serve } from "./server.ts";
import { table } from "./table.ts";
import { count, Watch } from "./watch.ts";

const host = "127.0.0.1";

/** How many events are shown a line each: about those of one request. */
const EVENTS = 40;

const watch = new Watch(process.stdout);
const runtime = new Runtime({ hooks: watch.hooks });

const main = co(function* main(options: Options) {
  const stop = new CancellationToken();
  const server: Server = {
    stop,
    grace: options.grace,
    inFlight: 0,
    answered: 0,
    cancelled: 0,
    onAnswer: (what, status) => options.serve && watch.say(`${what}  ${status}`),
  };
  const asked = signals("SIGINT", "SIGTERM");
  try {
    const http = yield* listen(server, { host, port: options.port });
    const { port } = http.localAddress;
    watch.say(`listening on http://${host}:${port}`);
    if (options.serve) watch.say(`try curl http://${host}:${port}/500/hello, and end with Ctrl-C`);
    watch.say();
    yield* scope(function* (s) {
      const interrupts = s.spawn(stopWhenAsked(asked, server), { name: "signals" });
      const serving = s.spawn(serve(server, http), { name: "server" });
      if (options.serve) watch.follow(runtime, EVENTS);
      else {
        yield* s.spawn(visit(http.localAddress, options.requests, stop), { name: "client" });
        stop.cancel("done");
      }
      yield* serving;
      interrupts.abort();
    });
  } finally {
    asked.close();
  }
  if (options.serve) watch.say(`${count(server.answered)} answered, ${count(server.cancelled)} cancelled`);
});

/** The first signal ends the server in order, the second one the process. */
const stopWhenAsked = co(function* stopWhenAsked(asked: Signals, server: Server) {
  const name = yield* asked.recv();
  watch.say(
    `${name}: ${count(server.inFlight)} in flight, with ${server.grace} ms to end; once more to end at once`,
  );
  server.stop.cancel(name);
  const again = yield* asked.recv();
  watch.clear();
  process.exit(128 + constants.signals[again]);
});

/** The client's part: one request to watch, many at once, some one after another, and what they took. */
const visit = co(function* visit(address: Address, requests: number, stop: CancellationToken) {
  watch.follow(runtime, EVENTS);
  yield* answered(request(address, 100, "hello"), stop);
  watch.unfollow();
  const many = Array.from({ length: requests }, (_, i) => 200 + ((i * 37) % 801));
  const some = Array.from({ length: Math.min(requests, 10) }, (_, i) => 50 + i * 10);
  const rows: string[][] = [];
  for (const batch of [allAtOnce(address, many, stop), oneAfterAnother(address, some, stop)]) {
    if (!stop.isCancelled) rows.push(yield* measured(batch));
  }
  watch.clear();
  watch.say();
  watch.say(
    table(
      ["", "requests", "total time", "sum of delays", "ratio", "tasks", "polls", "wakes", "reactor"],
      rows,
    ),
  );
  watch.say();
});

/** Runs a batch, and gives what it took as a row of the table. Client and server are counted together. */
const measured = co(function* measured(future: Future<Batch>) {
  const before = runtime.metrics();
  const { name, requests, answered, time, sumOfDelays } = yield* future;
  const after = runtime.metrics();
  return [
    name,
    answered === requests ? count(requests) : `${count(answered)} of ${count(requests)}`,
    seconds(time),
    seconds(sumOfDelays),
    `${(sumOfDelays / time).toFixed(1)} x`,
    count(after.spawned - before.spawned),
    count(after.polls - before.polls),
    count(after.wakes - before.wakes),
    runtime.reactor,
  ];
});

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}

async function start(args: string[]): Promise<number> {
  let options: Options;
  try {
    options = parseOptions(args);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message}\n\n${USAGE}`);
    return 2;
  }
  if (options.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  try {
    await runtime.run(main(options));
    return 0;
  } catch (error) {
    // What the system refuses (a port in use, no descriptors left) is for people; all else is a mistake of ours.
    if (!(error instanceof Error && "syscall" in error)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 1;
  } finally {
    watch.clear();
  }
}

// Whoever reads what we write may stop reading.
process.stdout.on("error", () => process.exit(1));
process.exitCode = await start(process.argv.slice(2));
