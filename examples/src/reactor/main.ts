import { co, run, select } from "pollux";
import { AsyncFd, OwnedFd } from "pollux/reactor";

// The reactor by itself: a pipe and a timer of the system, as descriptors. Each is registered with what is to be heard of it,
// and a task waits until it is ready. The timer expires every 20 ms; at each time a line is written into the pipe, and read
// at its other end.

const LINES = 3;

const main = co(function* () {
  const [reader, writer] = OwnedFd.pipe();
  const timer = OwnedFd.timer(20, { everyMs: 20 });
  const [input, clock] = [AsyncFd.register(reader, { read: true }), AsyncFd.register(timer, { read: true })];
  const buf = new Uint8Array(100);
  try {
    for (let written = 0; ; ) {
      const { key, value: guard } = yield* select({ input: input.readable(), clock: clock.readable() });
      if (key === "clock") {
        // Until the timer has said that it would have to wait, it counts as ready.
        const expired = guard.tryIo(() => timer.readCount());
        if (typeof expired !== "number") continue;
        if (written === LINES) {
          console.log("the timer has expired, and the writer goes");
          writer.close();
        } else if (written < LINES) {
          console.log("the timer has expired, and a line is written");
          writer.write(new TextEncoder().encode(`line ${written + 1}`));
        }
        written++;
        continue;
      }
      const size = guard.tryIo(() => reader.read(buf));
      if (typeof size !== "number") continue;
      if (size === 0) break;
      console.log(`the pipe has given ${size} bytes: ${new TextDecoder().decode(buf.subarray(0, size))}`);
    }
    console.log("the pipe has ended");
  } finally {
    for (const each of [input, clock, reader, writer, timer]) each.close();
  }
});

await run(main());
