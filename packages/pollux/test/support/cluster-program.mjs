// Two workers of node:cluster that listen on a port of the primary's choice: prints whether it is one, and their reactor.
import cluster from "node:cluster";
import { Runtime, TcpListener } from "pollux";

if (cluster.isPrimary) {
  const told = [];
  for (let i = 0; i < 2; i++) {
    cluster.fork().on("message", (message) => {
      told.push(message);
      if (told.length === 1) return;
      console.log(told[0].port === told[1].port, told[0].reactor);
      for (const worker of Object.values(cluster.workers)) worker.kill();
    });
  }
} else {
  const runtime = new Runtime();
  const listener = await runtime.spawn(TcpListener.bind({ host: "127.0.0.1", port: 0 }));
  process.send({ port: listener.localAddress.port, reactor: runtime.reactor });
  runtime.spawn(listener.accept()).observed();
}
