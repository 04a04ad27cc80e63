import { co, run, UnixStream, WouldBlockError } from "pollux";
import { EventQueue, OwnedFd, type Trigger } from "pollux/reactor";

// An answer of 100 kB has arrived, and is read in pieces of 16 KiB, one for each event. How often does the kernel tell of it?
//
// - Level-triggered: as long as there is something to read. Simple, and a call of the system for each piece.
// - Edge-triggered: when something has come. Fewer calls, and a duty: who does not read all there is, is not told again.

const ANSWER = 100_000;
const PIECE = 16_384;

/** The two ends of a connection, as bare descriptors. */
const pair = co(function* () {
  const [a, b] = yield* UnixStream.pair();
  return [OwnedFd.adopt(a.intoFd()), OwnedFd.adopt(b.intoFd())] as const;
});

/** Reads a piece; `null` if there is nothing. */
function readPiece(connection: OwnedFd, buf: Uint8Array): number | null {
  try {
    return connection.read(buf);
  } catch (error) {
    if (error instanceof WouldBlockError) return null;
    throw error;
  }
}

/** Reads until the kernel tells of nothing more. */
async function read(trigger: Trigger, drains: boolean): Promise<void> {
  const [connection, server] = await run(pair());
  const queue = new EventQueue();
  queue.register(connection, 0, { read: true, trigger });
  if (server.write(new Uint8Array(ANSWER)) !== ANSWER) throw new Error("the kernel has little memory for us");

  const buf = new Uint8Array(PIECE);
  let [events, bytes] = [0, 0];
  // It does not wait (0 ms): all has arrived, and where nothing is told of now, nothing will be.
  while (queue.poll(0).length > 0) {
    events++;
    for (let size: number | null; (size = readPiece(connection, buf)) !== null; ) {
      bytes += size;
      if (!drains) break;
    }
  }
  const how = `${trigger}, ${drains ? "all there is" : "one piece"} for each event`;
  console.log(`${how}: ${events === 1 ? "1 event" : `${events} events`}, ${bytes} bytes`);

  if (bytes < ANSWER) {
    // This is the mistake that makes a program hang now and then: the rest is there, and nobody is told. Only what comes
    // after it is a new edge.
    server.write(new Uint8Array(1));
    console.log(
      `  one more byte is sent: ${queue.poll(0).length} event, and one piece has ${readPiece(connection, buf)} bytes`,
    );
  }
  for (const each of [queue, connection, server]) each.close();
}

await read("level", false);
await read("edge", true);
await read("edge", false);
// The reactor of the library is edge-triggered, and reads on until it has all it was asked for or the kernel would wait.
