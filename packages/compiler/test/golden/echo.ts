import { co, type TcpStream } from "pollux";

// Sends back what it gets.
export const echo = co(async (stream: TcpStream) => {
  const buf = new Uint8Array(16_384);
  for (let n: number; (n = await stream.read(buf)) > 0; ) await stream.writeAll(buf.subarray(0, n));
});
