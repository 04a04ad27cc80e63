import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import { serve as serveHono } from "@hono/node-server";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { expressApp } from "./express.ts";
import { fastifyApp } from "./fastify.ts";
import { honoApp } from "./hono.ts";
import { Leases } from "./leases.ts";

interface Running {
  port: number;
  close(): Promise<void>;
}

/** Each starts its application on a port of its own. */
const frameworks: Record<string, (leases: Leases, onError: (error: unknown) => void) => Promise<Running>> = {
  async express(leases, onError) {
    const server = createServer(expressApp(leases, onError)).listen(0, "127.0.0.1");
    await once(server, "listening");
    return {
      port: (server.address() as AddressInfo).port,
      close: async () => {
        server.closeAllConnections();
        server.close();
        await once(server, "close");
      },
    };
  },
  async fastify(leases, onError) {
    const app = fastifyApp(leases, onError);
    await app.listen({ port: 0, host: "127.0.0.1" });
    return { port: (app.server.address() as AddressInfo).port, close: () => app.close() };
  },
  async hono(leases, onError) {
    const server = serveHono({ fetch: honoApp(leases, onError).fetch, port: 0, hostname: "127.0.0.1" });
    await once(server, "listening");
    return {
      port: (server.address() as AddressInfo).port,
      close: async () => {
        if ("closeAllConnections" in server) server.closeAllConnections();
        server.close();
        await once(server, "close");
      },
    };
  },
};

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await turn();
}

for (const [name, start] of Object.entries(frameworks)) {
  describe(`a coroutine as a handler of ${name}`, () => {
    let leases: Leases;
    let errors: unknown[];
    let app: Running;
    let url: string;

    beforeEach(async () => {
      leases = new Leases();
      errors = [];
      app = await start(leases, (error) => errors.push(error));
      url = `http://127.0.0.1:${app.port}`;
    });

    afterEach(() => app.close());

    test("answers", async () => {
      const response = await fetch(`${url}/hello/Castor`);
      expect([response.status, await response.text()]).toEqual([200, "Hello, Castor"]);
    });

    test("is cancelled when the client aborts its fetch, and cleans up; nobody is told of an error", async () => {
      const controller = new AbortController();
      const fetched = fetch(`${url}/slow`, { signal: controller.signal }).catch((error: unknown) => error);
      await until(() => leases.taken === 1);
      expect(leases.returned).toBe(0);
      controller.abort();
      expect(await fetched).toMatchObject({ name: "AbortError" });
      await until(() => leases.returned === 1);
      for (let n = 0; n < 10; n++) await turn();
      expect(errors).toEqual([]);
      expect((await fetch(`${url}/hello/again`)).status).toBe(200);
    });

    test("is cancelled when a raw connection is destroyed", async () => {
      const socket = connect(app.port, "127.0.0.1").on("error", () => {});
      socket.write("GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n");
      await until(() => leases.taken === 1);
      socket.destroy();
      await until(() => leases.returned === 1);
      expect(errors).toEqual([]);
    });

    test("its failures go to the framework's handler of errors", async () => {
      const response = await fetch(`${url}/fails`);
      expect([response.status, await response.text()]).toEqual([500, "sorry"]);
      expect(errors).toEqual([new Error("failed")]);
    });
  });
}

test("hono: a body that is a stream is closed when the client goes away", async () => {
  const leases = new Leases();
  const app = await frameworks["hono"]?.(leases, () => {});
  const controller = new AbortController();
  const response = await fetch(`http://127.0.0.1:${app?.port}/ticks`, { signal: controller.signal });
  const reader = response.body?.getReader();
  expect(new TextDecoder().decode((await reader?.read())?.value)).toBe("tick");
  await until(() => leases.taken === 1);
  controller.abort();
  await until(() => leases.returned === 1);
  await app?.close();
});
