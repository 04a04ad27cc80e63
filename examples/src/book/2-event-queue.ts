import { co, run, TcpStream } from "pollux";
import { EventQueue, OwnedFd } from "pollux/reactor";
import { startDelayServer } from "./delay-server.ts";

// One thread waits for five answers at once. It asks for the slowest first. If it read one answer after the other, it would
// have the slowest first, too; but it asks the kernel which of them has something to read, and so has them as they come.
//
// This is what a reactor is made of. There are no tasks, futures or wakers in it.

const DELAYS = [1000, 800, 600, 400, 200];

const server = await startDelayServer();

// Connections are made as usual, and their descriptors taken out: from here on we do by hand what a `TcpStream` does.
const connect = co(function* () {
  const stream = yield* TcpStream.connect({ host: "127.0.0.1", port: server.port });
  return OwnedFd.adopt(stream.intoFd());
});

const connections: OwnedFd[] = [];
while (connections.length < DELAYS.length) connections.push(await run(connect()));

// All are there before the first is asked: nothing but the delays decides whose answer comes first.
const queue = new EventQueue();
for (const [token, connection] of connections.entries()) {
  const delay = DELAYS[token];
  const request = `GET /${delay}/hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`;
  // So few bytes fit into an empty buffer of the kernel's: this cannot be cut, and would not wait.
  connection.write(new TextEncoder().encode(request));
  console.log(`request ${token}, which takes ${delay} ms, was sent`);
  // The token is ours: the kernel gives it back with each event of this descriptor, and it says whose answer has come.
  queue.register(connection, token, { read: true });
}

const buf = new Uint8Array(4096);
for (let left = DELAYS.length; left > 0; ) {
  // Here the thread stops, and nothing of it runs until the kernel has an event: with Node's loop it could not.
  for (const { token } of queue.poll()) {
    const connection = connections[token];
    if (connection === undefined) continue;
    // One read has the whole answer: it is short, and was written at once. A longer one would go on at the next event.
    const size = connection.read(buf);
    const answer = new TextDecoder().decode(buf.subarray(0, size)).split("\r\n\r\n")[1];
    console.log(`answer ${token}: ${answer}`);
    // Left out before it is closed: the number may be another descriptor's soon.
    queue.deregister(connection);
    connection.close();
    left--;
  }
}
queue.close();
await server.stop();
