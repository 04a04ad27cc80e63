import { type CancellationToken, co, type Future, scope, TcpStream } from "pollux";
import { encodeRequest, HttpError, MessageReader, readResponse } from "./http.ts";

/** Where the server is. */
export interface Address {
  host: string;
  port: number;
}

/** How a number of requests went. */
export interface Batch {
  name: string;
  requests: number;
  /** Those that were answered: fewer than `requests` only if we were asked to stop. */
  answered: number;
  /** What the server was asked to wait, over all answered requests, in ms. */
  sumOfDelays: number;
  /** From the first request to the last answer, in ms. */
  time: number;
}

/** One connection to the server, for one request after another. */
class Connection {
  private readonly stream: TcpStream;
  private readonly from: MessageReader;
  private readonly host: string;

  constructor(stream: TcpStream, { host, port }: Address) {
    this.stream = stream;
    this.from = new MessageReader(stream);
    this.host = `${host}:${port}`;
  }

  /** Asks for a message and checks that it comes. */
  readonly get = co(function* get(this: Connection, ms: number, message: string, keepAlive: boolean) {
    const target = `/${ms}/${encodeURIComponent(message)}`;
    yield* this.stream.writeAll(encodeRequest(this.host, target, keepAlive));
    const { status, body } = yield* readResponse(this.from);
    if (status !== 200 || body !== message) throw new HttpError(502, `unexpected answer ${status}: ${body}`);
  });
}

/** A request on a connection of its own. */
export const request = co(function* request(address: Address, ms: number, message: string) {
  const stream = yield* TcpStream.connect(address);
  try {
    yield* new Connection(stream, address).get(ms, message, false);
  } finally {
    stream.close();
  }
});

/** Sends all requests at once, each on a connection of its own: the time is that of the longest delay. */
export const allAtOnce = co(function* allAtOnce(address: Address, delays: number[], stop: CancellationToken) {
  const batch = emptyBatch("all at once", delays);
  const began = performance.now();
  const one = co(function* (ms: number, i: number) {
    if (yield* answered(request(address, ms, `message ${i}`), stop)) count(batch, ms);
  });
  yield* scope(function* (s) {
    for (const [i, ms] of delays.entries()) s.spawn(one(ms, i + 1), { name: `request ${i + 1}` });
  });
  batch.time = performance.now() - began;
  return batch;
});

/** Sends one request after another, all on one connection: the time is the sum of the delays. */
export const oneAfterAnother = co(function* oneAfterAnother(
  address: Address,
  delays: number[],
  stop: CancellationToken,
) {
  const batch = emptyBatch("one after another", delays);
  const began = performance.now();
  const stream = yield* TcpStream.connect(address);
  try {
    const connection = new Connection(stream, address);
    for (const [i, ms] of delays.entries()) {
      if (!(yield* answered(connection.get(ms, `message ${i + 1}`, true), stop))) break;
      count(batch, ms);
    }
  } finally {
    stream.close();
  }
  batch.time = performance.now() - began;
  return batch;
});

/** Waits for an answer. A failure counts as none once we have been asked to stop, since the server stops too. */
export const answered = co(function* answered(exchange: Future<void>, stop: CancellationToken) {
  try {
    yield* exchange;
    return true;
  } catch (error) {
    if (stop.isCancelled) return false;
    throw error;
  }
});

function emptyBatch(name: string, delays: number[]): Batch {
  return { name, requests: delays.length, answered: 0, sumOfDelays: 0, time: 0 };
}

function count(batch: Batch, ms: number): void {
  batch.answered++;
  batch.sumOfDelays += ms;
}
