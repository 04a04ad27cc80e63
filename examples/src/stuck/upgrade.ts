// A task that reads waits until it may write the same value.
// Release the read guard first and look again, or write from the start.
import { co, RwLock, run } from "pollux";

const config = new RwLock({ port: 80 }, { name: "config" });

const main = co(function* main() {
  const reading = yield* config.read();
  if (reading.value.port < 1024) {
    const writing = yield* config.write();
    writing.value = { port: 8080 };
  }
});

await run(main());
