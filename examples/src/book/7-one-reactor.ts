import { once } from "node:events";
import { isMainThread, Worker, workerData } from "node:worker_threads";
import { type Context, co, Future, Pending, type Poll, type Waker } from "pollux";
import { EventQueue, OwnedFd } from "pollux/reactor";
import { Executor } from "./executor.ts";
import { Parker } from "./parker.ts";

// One thread has the reactor, and is stopped in the kernel most of the time. Two others have an executor each, with three
// tasks, and are parked when these wait. No executor knows the reactor's thread, and it knows none of their tasks: a task asks
// through a pipe, and is answered by its number, in memory that both threads share, and by an unpark.
//
//     executor 0 ──pipe──►┐                 ┌──numbers, unpark──► executor 0
//                         ├──► event queue ─┤
//     executor 1 ──pipe──►┘                 └──numbers, unpark──► executor 1

const EXECUTORS = 2;
/** Of the three tasks of each executor: the slowest asks first. */
const DELAYS = [300, 200, 100];

/** What an executor's thread is given. */
interface Shared {
  readonly name: string;
  /** The writing end of its pipe, which becomes its own. */
  readonly requests: number;
  readonly parking: SharedArrayBuffer;
  /** How many answers there are, and the numbers of the tasks, in the order in which they came. */
  readonly answers: Int32Array<SharedArrayBuffer>;
}

// --- The thread of the reactor -------------------------------------------------------------------------------------------

/** An executor, as the reactor sees it. */
interface Client {
  readonly requests: OwnedFd;
  readonly answers: Int32Array<SharedArrayBuffer>;
  readonly parker: Parker;
}

/** Serves until all clients have closed their pipes. */
function react(clients: readonly Client[]): void {
  const queue = new EventQueue();
  const timers = new Map<number, { timer: OwnedFd; client: Client; task: number }>();
  // The next token: up to here they are those of the pipes, from here on those of the timers.
  let token = clients.length;
  for (const [at, { requests }] of clients.entries()) queue.register(requests, at, { read: true });
  const buf = new Int32Array(64);
  const bytes = new Uint8Array(buf.buffer);

  for (let open = clients.length; open > 0 || timers.size > 0; ) {
    for (const event of queue.poll()) {
      const client = clients[event.token];
      const waiting = timers.get(event.token);
      if (client !== undefined) {
        // A pipe: pairs of a task and a time. They are written at once, and less than 4 KiB is never cut.
        const size = client.requests.read(bytes);
        if (size === 0) {
          queue.deregister(client.requests);
          client.requests.close();
          open--;
        }
        for (let at = 0; at < size / 4; at += 2) {
          const [task = 0, ms = 0] = buf.subarray(at, at + 2);
          const timer = OwnedFd.timer(ms);
          timers.set(token, { timer, client, task });
          queue.register(timer, token++, { read: true });
        }
      } else if (waiting !== undefined) {
        const { timer, task } = waiting;
        const { answers, parker } = waiting.client;
        timers.delete(event.token);
        queue.deregister(timer);
        timer.close();
        // First the number, then that there is one more, then the wake: each must see what was before it.
        const count = Atomics.load(answers, 0);
        Atomics.store(answers, 1 + count, task);
        Atomics.store(answers, 0, count + 1);
        parker.unpark();
      }
    }
  }
  queue.close();
}

// --- The thread of an executor ---------------------------------------------------------------------------------------------

/** What waits for the reactor, and what is to be sent to it. */
class Handle {
  readonly outbox: number[] = [];
  readonly waiting = new Map<number, Waker>();
  readonly answered = new Set<number>();
}

/** The leaf: asks the reactor at its first poll, and is ready when that has answered. */
class Delay extends Future<void> {
  private readonly handle: Handle;
  private readonly task: number;
  private readonly ms: number;
  private hasAsked: boolean;

  constructor(handle: Handle, task: number, ms: number) {
    super();
    this.handle = handle;
    this.task = task;
    this.ms = ms;
    this.hasAsked = false;
  }

  override poll(cx: Context): Poll<void> {
    if (!this.hasAsked) this.handle.outbox.push(this.task, this.ms);
    this.hasAsked = true;
    if (this.handle.answered.delete(this.task)) return undefined;
    // Of the latest poll: see the rules of `Future`.
    this.handle.waiting.set(this.task, cx.waker);
    return Pending;
  }
}

function execute({ name, requests, parking, answers }: Shared): void {
  const parker = new Parker(parking);
  const executor = new Executor(parker);
  const handle = new Handle();
  const pipe = OwnedFd.adopt(requests);
  const lines: string[] = [];

  const work = co(function* (task: number, ms: number) {
    lines.push(`${name}: task ${task} waits for ${ms} ms`);
    yield* new Delay(handle, task, ms);
    lines.push(`${name}: task ${task} goes on`);
  });
  for (const [task, ms] of DELAYS.entries()) executor.spawn(work(task, ms));

  let seen = 0;
  executor.run(
    () => {
      if (handle.outbox.length === 0) return;
      pipe.write(new Uint8Array(Int32Array.from(handle.outbox).buffer));
      handle.outbox.length = 0;
    },
    () => {
      for (const count = Atomics.load(answers, 0); seen < count; seen++) {
        const task = Atomics.load(answers, 1 + seen);
        handle.answered.add(task);
        handle.waiting.get(task)?.wake();
        handle.waiting.delete(task);
      }
    },
  );
  pipe.close();
  console.log(lines.join("\n"));
}

// --- Both --------------------------------------------------------------------------------------------------------------------

if (isMainThread) {
  const clients: Client[] = [];
  const ends: Promise<string>[] = [];
  for (let n = 0; n < EXECUTORS; n++) {
    const [requests, theirs] = OwnedFd.pipe();
    const parker = new Parker();
    const answers = new Int32Array(new SharedArrayBuffer(4 * (1 + DELAYS.length)));
    clients.push({ requests, answers, parker });
    const shared: Shared = {
      name: `executor ${n}`,
      requests: theirs.release(),
      parking: parker.memory,
      answers,
    };
    // What they say is kept back, so that it is in the order of the threads and not in that of their ends.
    const worker = new Worker(new URL(import.meta.url), { workerData: shared, stdout: true });
    let output = "";
    worker.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      output += chunk;
    });
    ends.push(once(worker, "exit").then(() => output));
    await once(worker, "online");
  }
  // From here on, Node's loop stands still in this thread.
  react(clients);
  for (const end of ends) process.stdout.write(await end);
} else {
  // Given above.
  execute(workerData as Shared);
}
