import type { Socket } from "node:net";

/** How often it is looked whether bytes have moved, in ms. */
const LOOK = 1000;

/** After how many looks without movement they are given up: 10 s. */
const LOOKS = 10;

/**
 * Sends what a closed socket has left, in the background, and gives up when the peer has taken nothing for 10 s. Node's
 * own time-out would do so after 20 s: when it finds at its first end that bytes have moved since the write, it runs once
 * more.
 */
export function linger(socket: Socket): void {
  let left = socket.writableLength;
  let looks = 0;
  const look = setInterval(() => {
    looks = socket.writableLength === left ? looks + 1 : 0;
    left = socket.writableLength;
    if (looks === LOOKS) socket.destroy();
  }, LOOK);
  // The bytes that are under way keep the process alive, as long as there are any.
  look.unref();
  socket.on("finish", () => socket.destroy());
  socket.on("close", () => clearInterval(look));
  socket.end();
}
