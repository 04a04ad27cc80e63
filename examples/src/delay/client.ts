import { HttpClient } from "@pollux/http";
import { type CancellationToken, co, type Future, scope } from "pollux";

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

/** Asks for a message and checks that it comes. */
const get = co(function* get(client: HttpClient, { host, port }: Address, ms: number, message: string) {
  const url = `http://${host}:${port}/${ms}/${encodeURIComponent(message)}`;
  const response = yield* client.request(url);
  const body = yield* response.text();
  if (response.status !== 200 || body !== message)
    throw new Error(`unexpected answer ${response.status}: ${body}`);
});

/** A single request. */
export const request = co(function* request(address: Address, ms: number, message: string) {
  const client = new HttpClient();
  try {
    yield* get(client, address, ms, message);
  } finally {
    yield* client.close();
  }
});

/** Sends all requests at once, each on a connection of its own: the time is that of the longest delay. */
export const allAtOnce = co(function* allAtOnce(address: Address, delays: number[], stop: CancellationToken) {
  const batch = emptyBatch("all at once", delays);
  const began = performance.now();
  const client = new HttpClient({ connectionsPerOrigin: delays.length });
  const one = co(function* (ms: number, i: number) {
    if (yield* answered(get(client, address, ms, `message ${i}`), stop)) count(batch, ms);
  });
  try {
    yield* scope(function* (s) {
      for (const [i, ms] of delays.entries()) s.spawn(one(ms, i + 1), { name: `request ${i + 1}` });
    });
  } finally {
    yield* client.close();
  }
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
  const client = new HttpClient({ connectionsPerOrigin: 1 });
  try {
    for (const [i, ms] of delays.entries()) {
      if (!(yield* answered(get(client, address, ms, `message ${i + 1}`), stop))) break;
      count(batch, ms);
    }
  } finally {
    yield* client.close();
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
