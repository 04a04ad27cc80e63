import type { Peer, Round, Target, TimedCase } from "../harness/case.ts";
import { type Figure, type Load, LoadedServer, LoadingClient } from "./programs.ts";

interface HttpCase {
  readonly name: string;
  readonly about: string;
  readonly load: Load;
  /** Which server plays which part. */
  readonly servers: Readonly<Partial<Record<Peer, Peer>>>;
  readonly targets?: readonly Target[];
  /** What is measured. Default: the time of all, divided by their number. */
  readonly figure?: Figure;
}

const loaded = new Map<string, LoadedServer>();

/** Cases with the same load share its runs. */
function serverOf(peer: Peer, load: Load): LoadedServer {
  const key = `${peer} ${load}`;
  let server = loaded.get(key);
  if (server === undefined) {
    server = new LoadedServer(peer, load);
    loaded.set(key, server);
  }
  return server;
}

interface ClientCase {
  readonly name: string;
  readonly about: string;
  readonly targets?: readonly Target[];
  readonly figure?: Figure;
}

const clients: Readonly<Partial<Record<Peer, LoadingClient>>> = {
  pollux: new LoadingClient("pollux"),
  "pollux-node": new LoadingClient("pollux-node"),
  undici: new LoadingClient("undici"),
};

/** A case of clients in processes of their own, against one server. A round is a second of it. */
export function clientCase({ name, about, targets = [], figure = "time" }: ClientCase): TimedCase {
  const rounds = Object.entries(clients).map(([peer, client]): [string, Round] => [
    peer,
    async (_, watch) => watch.record((await client.figure(name, figure)) / 1e6),
  ]);
  return { name, about, unit: "ns/op", long: true, targets, peers: Object.fromEntries(rounds) };
}

/** A case of `wrk` against servers in processes of their own. A round is a second of it. */
export function httpCase({ name, about, load, servers, targets = [], figure = "time" }: HttpCase): TimedCase {
  const rounds = Object.entries(servers).map(([part, peer]): [string, Round] => [
    part,
    async (_, watch) => watch.record((await serverOf(peer, load).figure(name, figure)) / 1e6),
  ]);
  return { name, about, unit: "ns/op", long: true, targets, peers: Object.fromEntries(rounds) };
}
