import { type Future, Runtime, type RuntimeOptions } from "pollux";
import { afterEach, beforeEach, expect } from "vitest";
import { HttpClient, type HttpClientOptions, type HttpErrorCode } from "../../src/index.ts";
import { type Peer, ScriptedServer } from "./scripted.ts";

export interface Requesting {
  readonly runtime: Runtime;
  client(options?: HttpClientOptions): HttpClient;
  scripted(script: (peer: Peer, index: number) => unknown): Promise<ScriptedServer>;
  run<T>(future: Future<T>): Promise<T>;
}

/** Clients and scripted servers on a runtime of this kind; after each test nothing may be left of them. */
export function requesting(options: RuntimeOptions): Requesting {
  let runtime: Runtime;
  const clients: HttpClient[] = [];
  const servers: ScriptedServer[] = [];
  beforeEach(() => {
    runtime = new Runtime(options);
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) {
      client.destroy();
      expect(client.connections, "connections").toBe(0);
      expect(client.activeRequests, "active requests").toBe(0);
      expect(client.waitingRequests, "waiting requests").toBe(0);
    }
    for (const server of servers.splice(0)) await server[Symbol.asyncDispose]();
    expect(runtime.handle.outstanding, "outstanding").toBe(0);
    expect(runtime.metrics().alive, "tasks").toBe(0);
  });
  return {
    get runtime() {
      return runtime;
    },
    client(more) {
      const client = new HttpClient(more);
      clients.push(client);
      return client;
    },
    async scripted(script) {
      const server = await ScriptedServer.start(script);
      servers.push(server);
      return server;
    },
    run: async (future) => await runtime.spawn(future),
  };
}

/** The code of what a promise is rejected with, or that of its cause. */
export async function codeOf(promise: PromiseLike<unknown>): Promise<HttpErrorCode | string> {
  try {
    await promise;
  } catch (error) {
    const { code, cause, name } = error as { code?: string; cause?: { code?: string }; name: string };
    return code ?? cause?.code ?? name;
  }
  return "none";
}
