import { createInterface } from "node:readline";
import { HttpClient } from "@pollux/http";
import { co, Runtime, scope } from "pollux";
import { Pool } from "undici";

// Run as: node client.js PEER PORT. Says when it is ready; for each line it asks for a second, and prints the ns that
// passed, the number of requests, and the 99th percentile in ns. Ends with its input.

const CONNECTIONS = 32;
const SECOND = 1_000_000_000n;

const [peer = "", port = ""] = process.argv.slice(2);
const origin = `http://127.0.0.1:${port}`;

/** One second of requests. */
class Measurement {
  private readonly began: bigint;
  private readonly times: number[];

  constructor() {
    this.began = process.hrtime.bigint();
    this.times = [];
  }

  get isOver(): boolean {
    return process.hrtime.bigint() - this.began >= SECOND;
  }

  answered(text: string, since: number): void {
    if (text !== "hello, world") throw new Error(`an answer that was not asked for: ${text}`);
    this.times.push(performance.now() - since);
  }

  toString(): string {
    const ns = process.hrtime.bigint() - this.began;
    const { length } = this.times;
    const p99 = this.times.sort((a, b) => a - b)[Math.floor(length * 0.99)] ?? 0;
    return `${ns} ${length} ${Math.round(p99 * 1e6)}`;
  }
}

type Measure = () => Promise<Measurement>;

function ofPollux(): Measure {
  const runtime = new Runtime({ reactor: peer === "pollux-node" ? "node" : "auto" });
  const client = new HttpClient({ connectionsPerOrigin: CONNECTIONS });
  const one = co(function* (measurement: Measurement) {
    while (!measurement.isOver) {
      const since = performance.now();
      const response = yield* client.request(origin);
      measurement.answered(yield* response.text(), since);
    }
  });
  const all = co(function* () {
    const measurement = new Measurement();
    yield* scope(function* (s) {
      for (let n = 0; n < CONNECTIONS; n++) s.spawn(one(measurement));
    });
    return measurement;
  });
  return () => runtime.run(all());
}

function ofUndici(): Measure {
  const pool = new Pool(origin, { connections: CONNECTIONS });
  const one = async (measurement: Measurement): Promise<void> => {
    while (!measurement.isOver) {
      const since = performance.now();
      const { body } = await pool.request({ path: "/", method: "GET" });
      measurement.answered(await body.text(), since);
    }
  };
  return async () => {
    const measurement = new Measurement();
    await Promise.all(Array.from({ length: CONNECTIONS }, () => one(measurement)));
    return measurement;
  };
}

const measure = peer === "undici" ? ofUndici() : ofPollux();
createInterface({ input: process.stdin })
  .on("line", async () => console.log(String(await measure())))
  .on("close", () => process.exit(0));
console.log("ready");
