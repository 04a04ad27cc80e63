import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { Client } from "pg";
import { co, fromPromise, run, spawn } from "pollux";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { FakePostgres } from "./fake-postgres.ts";
import { query } from "./pg.ts";

let fake: FakePostgres;
let client: Client;

beforeEach(async () => {
  fake = new FakePostgres();
  fake.server.listen(0, "127.0.0.1");
  await once(fake.server, "listening");
  const { port } = fake.server.address() as AddressInfo;
  client = new Client({ host: "127.0.0.1", port, user: "castor", database: "gemini", ssl: false });
  await client.connect();
});

afterEach(async () => {
  for (const { socket } of fake.sessions) socket.destroy();
  fake.server.close();
});

/** Turns until something holds; the limit of the test is the limit. */
const until = co(function* (condition: () => boolean) {
  while (!condition()) yield* fromPromise(new Promise<void>((resolve) => setImmediate(resolve)));
});

const isAsked = (text: string) => (): boolean => fake.queries.includes(text);

describe("pg from a coroutine", () => {
  test("query gives the result", async () => {
    const { rows } = await run(query(client, "select 1"));
    expect(rows).toEqual([{ text: "select 1" }]);
    await client.end();
  });

  test("a cancel has the server give the query up, waits for that, and the connection serves on", async () => {
    const main = co(function* () {
      const task = spawn(query(client, "select pg_sleep(60)"));
      yield* until(isAsked("select pg_sleep(60)"));
      task.abort(new Error("not needed any more"));
      const error = yield* fromPromise(Promise.resolve(task).catch((each: unknown) => each));
      // Not a CleanupError: that the query was cancelled is no failure.
      expect(error).toMatchObject({ code: "POLLUX_CANCELLED" });
      expect(fake.cancels).toBe(1);
      return (yield* query(client, "select 2")).rows;
    });
    expect(await run(main())).toEqual([{ text: "select 2" }]);
    await client.end();
  });

  test("where the server cannot be asked, a cancel destroys the connection, and says so", async () => {
    fake.refusesCancels = true;
    client.on("error", () => {}); // A connection that is lost is told to the client too.
    const main = co(function* () {
      const task = spawn(query(client, "select pg_sleep(60)"));
      yield* until(isAsked("select pg_sleep(60)"));
      task.abort();
      const error = yield* fromPromise(Promise.resolve(task).catch((each: unknown) => each));
      yield* until(() => fake.sessions.size === 0);
      return error;
    });
    expect(await run(main())).toMatchObject({ code: "POLLUX_CLEANUP_FAILED" });
    expect(fake.cancels).toBe(0);
  });
});
