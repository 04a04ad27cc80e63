import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { type AddressInfo, connect, type Socket } from "node:net";
import { co } from "pollux";
import { afterEach, describe, expect, test } from "vitest";
import {
  ca,
  server as certificate,
  client as clientCertificate,
  other,
} from "../../../pollux/test/support/tls-certificates.ts";
import type { ClientRequestOptions, HttpClient } from "../../src/index.ts";
import { codeOf, requesting } from "../support/requesting.ts";
import { reactors, turn } from "../support/serving.ts";

const servers: Server[] = [];
async function listening(server: Server): Promise<number> {
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port; // It listens on a port.
}
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  }
});

interface Proxy {
  readonly port: number;
  readonly requests: IncomingMessage[];
}

/** A proxy that forwards what has an absolute URL, and opens tunnels. */
async function proxy(refuses = false): Promise<Proxy> {
  const requests: IncomingMessage[] = [];
  const tunnels = new Set<Socket>();
  const server = createServer((request, response) => {
    requests.push(request);
    response.end(`proxied ${request.url} for ${request.headers.host}`);
  });
  server.on("connect", (request: IncomingMessage, socket: Socket) => {
    requests.push(request);
    if (refuses) {
      socket.end("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
      return;
    }
    const [host, port] = (request.url ?? "").split(":");
    const to = connect({ host: host ?? "", port: Number(port) });
    tunnels.add(to);
    to.on("connect", () => {
      socket.write("HTTP/1.1 200 Connection Established\r\n\r\n");
      socket.pipe(to).pipe(socket);
    });
    for (const one of [to, socket]) one.on("error", () => {});
    socket.on("close", () => to.destroy());
    to.on("close", () => socket.destroy());
  });
  return { port: await listening(server), requests };
}

const asking = co(function* (client: HttpClient, url: string, request: ClientRequestOptions) {
  return yield* (yield* client.request(url, request)).text();
});

describe.each(reactors)("https: and proxies on the %s reactor", (_, options) => {
  const r = requesting(options);
  const ask = (client: HttpClient, url: string, request: ClientRequestOptions = {}): Promise<string> =>
    r.run(asking(client, url, request));

  const secure = async (listener: RequestListener, more: object = {}): Promise<number> =>
    await listening(createSecureServer({ ...certificate, ...more }, listener) as unknown as Server);

  test("HttpClient: https:, with HTTP/1.1 agreed on, and the connection kept", async () => {
    let connections = 0;
    const port = await secure((request, response) => {
      const { alpnProtocol } = request.socket as unknown as { alpnProtocol: string };
      request.pipe(response.setHeader("X-Protocol", alpnProtocol));
    });
    servers.at(-1)?.on("secureConnection", () => connections++);
    const client = r.client({ tls: { ca } });
    const body = "x".repeat(300_000);
    for (let n = 0; n < 3; n++) {
      const response = await r.run(client.request(`https://localhost:${port}/`, { method: "POST", body }));
      expect(response.fields.get("x-protocol")).toBe("http/1.1");
      expect(await r.run(response.text())).toBe(body);
    }
    expect(connections).toBe(1);
  });

  test("HttpClient: a certificate of nobody known, or of another host, is refused", async () => {
    const port = await secure((_, response) => response.end("hi"));
    const unknown = r.client();
    expect(await codeOf(ask(unknown, `https://localhost:${port}/`))).toMatch(/CERT|ISSUER|SIGN/);
    const otherPort = await secure((_, response) => response.end("hi"), other);
    const client = r.client({ tls: { ca } });
    expect(await codeOf(ask(client, `https://localhost:${otherPort}/`))).toBe("ERR_TLS_CERT_ALTNAME_INVALID");
    expect(unknown.connections + client.connections).toBe(0);
    // Whoever asks for it gets no protection.
    const careless = r.client({ tls: { rejectUnauthorized: false } });
    expect(await ask(careless, `https://localhost:${otherPort}/`)).toBe("hi");
  });

  test("HttpClient: a certificate of one's own", async () => {
    const port = await secure((_, response) => response.end("hi"), {
      ca,
      requestCert: true,
      rejectUnauthorized: true,
    });
    expect(await ask(r.client({ tls: { ca, ...clientCertificate } }), `https://localhost:${port}/`)).toBe(
      "hi",
    );
    expect(await codeOf(ask(r.client({ tls: { ca } }), `https://localhost:${port}/`))).not.toBe("none");
  });

  test("HttpClient: a server that speaks no TLS, and one that says nothing", async () => {
    const server = await r.scripted(async (peer, index) => {
      if (index === 0) peer.send("HTTP/1.1 400 Bad Request\r\n\r\n");
    });
    const url = `https://127.0.0.1:${server.port}/`;
    const client = r.client({ tls: { ca } });
    expect(await codeOf(ask(client, url))).toMatch(/^ERR_SSL/);
    const impatient = r.client({ tls: { ca }, connectTimeout: 50 });
    expect(await codeOf(ask(impatient, url))).toBe("HTTP_CONNECT_TIMEOUT");
    expect(client.connections + impatient.connections).toBe(0);
    for (const peer of server.peers) await peer.gone();
  });

  test("HttpClient: a request to http: is sent to the proxy with its whole URL, and who asks", async () => {
    const { port, requests } = await proxy();
    const client = r.client({ proxy: `http://us%40er:p%3Ass@127.0.0.1:${port}` });
    for (const host of ["a.test", "a.test", "b.test:81"]) {
      expect(await ask(client, `http://${host}/x?y`)).toBe(`proxied http://${host}/x?y for ${host}`);
    }
    expect(requests.map(({ headers }) => headers["proxy-authorization"])).toEqual(
      Array(3).fill(`Basic ${Buffer.from("us@er:p:ss").toString("base64")}`),
    );
    expect(client.connections).toBe(2);
  });

  test("HttpClient: a function chooses the proxy", async () => {
    const { port } = await proxy();
    const direct = await listening(createServer((_, response) => response.end("direct")));
    const client = r.client({
      proxy: (origin) => (origin.hostname === "a.test" ? `http://127.0.0.1:${port}` : null),
    });
    expect(await ask(client, "http://a.test/")).toContain("proxied");
    expect(await ask(client, `http://127.0.0.1:${direct}/`)).toBe("direct");
  });

  test("HttpClient: a request to https: goes through a tunnel, which is kept, and hides what is said", async () => {
    const { port, requests } = await proxy();
    const target = await secure((request, response) => {
      response.end(`${request.url} ${request.headers["proxy-authorization"]}`);
    });
    const client = r.client({ proxy: `http://user:pass@127.0.0.1:${port}`, tls: { ca } });
    for (let n = 0; n < 3; n++)
      expect(await ask(client, `https://localhost:${target}/${n}`)).toBe(`/${n} undefined`);
    expect(requests.map(({ method, url }) => `${method} ${url}`)).toEqual([`CONNECT localhost:${target}`]);
    expect(requests[0]?.headers["proxy-authorization"]).toBe("Basic dXNlcjpwYXNz");
  });

  test("HttpClient: a proxy that refuses, ends, or says nonsense or too much", async () => {
    const { port } = await proxy(true);
    const client = r.client({ proxy: `http://127.0.0.1:${port}` });
    expect(await codeOf(ask(client, "https://a.test/"))).toBe("HTTP_PROXY_REFUSED");
    const texts = ["", "HTTP/1.1 200 OK\r\n\r\nmore", "nonsense\r\n\r\n"];
    const server = await r.scripted(async (peer, index) => {
      await peer.head();
      peer.socket.end(texts[index] ?? "");
    });
    const other = r.client({ proxy: server.url });
    for (const code of ["HTTP_PROXY_REFUSED", "HTTP_PROXY_REFUSED", "HTTP_BAD_VERSION"])
      expect(await codeOf(ask(other, "https://a.test/"))).toBe(code);
    expect(client.connections + other.connections).toBe(0);
  });

  test("HttpClient: a request that is cancelled while a tunnel or TLS is set up leaves no connection", async () => {
    const server = await r.scripted(async (peer, index) => {
      await peer.head();
      if (index % 2 === 1) peer.send("HTTP/1.1 200 OK\r\n\r\n");
    });
    const client = r.client({ proxy: server.url, tls: { ca } });
    for (let n = 0; n < 4; n++) {
      const handle = r.runtime.spawn(client.request("https://a.test/")).observed();
      while (server.peers.length === n || server.peers[n]?.all === "") await turn();
      for (let turns = 0; turns < 5; turns++) await turn();
      handle.abort();
      expect(await codeOf(handle)).toBe("POLLUX_CANCELLED");
      expect(client.connections).toBe(0);
      await server.peers[n]?.gone();
    }
  });
});
