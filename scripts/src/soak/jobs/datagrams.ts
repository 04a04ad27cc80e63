import { co, UdpSocket } from "pollux";
import { check, type Job, sameBytes, type World } from "../job.ts";
import type { Random } from "../random.ts";

const askAndHear = co(function* ({ servers }: World, random: Random) {
  const socket = yield* UdpSocket.bind("127.0.0.1:0");
  try {
    yield* socket.connect(servers.udp);
    const buf = new Uint8Array(2048);
    for (let i = random.below(10); i >= 0; i--) {
      const bytes = random.bytes(1 + random.below(1400));
      yield* socket.send(bytes);
      const size = yield* socket.recv(buf);
      check(sameBytes(buf.subarray(0, size), bytes), "a datagram is another");
    }
  } finally {
    socket.close();
  }
});

export const udp: Job = { name: "udp", weight: 15, start: askAndHear };
