import { createServer, type Server, type Socket } from "node:net";

/** One connection of a client. */
interface Session {
  readonly socket: Socket;
  readonly pid: number;
  readonly secret: number;
  /** Set while a query does not end by itself. */
  isSlow: boolean;
}

const STARTUP = 196_608;
const CANCEL_REQUEST = 80_877_102;

/** A message of the protocol: a letter, the length, and the parts. */
function message(type: string, ...parts: (number | string | Buffer)[]): Buffer {
  const body = Buffer.concat(
    parts.map((part) => {
      if (Buffer.isBuffer(part)) return part;
      if (typeof part === "string") return Buffer.from(`${part}\0`);
      const bytes = Buffer.alloc(4);
      bytes.writeInt32BE(part);
      return bytes;
    }),
  );
  const head = Buffer.alloc(5);
  head.write(type);
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

const READY = message("Z", Buffer.from("I"));

/**
 * As much of a PostgreSQL server as a query and its cancel need: the start-up without a password, the simple query protocol
 * and the CancelRequest. A query whose text has `pg_sleep` in it ends only by a cancel; any other one gives one row with one
 * column, which is its text.
 */
export class FakePostgres {
  readonly server: Server;
  /** Texts of the queries that came. */
  readonly queries: string[] = [];
  /** Requests to cancel that came with the right key. */
  cancels = 0;
  /** Whether requests to cancel are cut off. */
  refusesCancels = false;
  readonly sessions = new Set<Session>();
  private nextPid = 1;

  constructor() {
    this.server = createServer((socket) => this.accept(socket));
  }

  private accept(socket: Socket): void {
    let buffered: Buffer = Buffer.alloc(0);
    let session: Session | null = null;
    socket.on("error", () => {}); // A client that is cut off is part of what is shown.
    socket.on("close", () => session !== null && this.sessions.delete(session));
    socket.on("data", (chunk: Buffer) => {
      buffered = Buffer.concat([buffered, chunk]);
      for (;;) {
        // The first message has no letter before its length.
        const lead = session === null ? 0 : 1;
        if (buffered.length < lead + 4) return;
        const size = lead + buffered.readInt32BE(lead);
        if (buffered.length < size) return;
        const whole = buffered.subarray(0, size);
        buffered = buffered.subarray(size);
        if (session === null) session = this.start(socket, whole);
        else this.handle(session, whole);
      }
    });
  }

  private start(socket: Socket, whole: Buffer): Session | null {
    const code = whole.readInt32BE(4);
    if (code === CANCEL_REQUEST) {
      if (this.refusesCancels) socket.resetAndDestroy();
      else {
        this.cancel(whole.readInt32BE(8), whole.readInt32BE(12));
        socket.end();
      }
      return null;
    }
    if (code !== STARTUP) {
      socket.destroy();
      return null;
    }
    const pid = this.nextPid++;
    const session: Session = { socket, pid, secret: pid * 1000, isSlow: false };
    this.sessions.add(session);
    socket.write(Buffer.concat([message("R", 0), message("K", pid, session.secret), READY]));
    return session;
  }

  private handle(session: Session, whole: Buffer): void {
    const type = String.fromCharCode(whole[0] ?? 0);
    if (type === "X") session.socket.end();
    if (type !== "Q") return;
    const text = whole.toString("utf8", 5, whole.length - 1);
    this.queries.push(text);
    if (text.includes("pg_sleep")) session.isSlow = true;
    else session.socket.write(row(text));
  }

  private cancel(pid: number, secret: number): void {
    for (const session of this.sessions) {
      if (session.pid !== pid || session.secret !== secret || !session.isSlow) continue;
      this.cancels++;
      session.isSlow = false;
      const fields = ["SERROR", "C57014", "Mcanceling statement due to user request"];
      session.socket.write(Buffer.concat([message("E", ...fields, Buffer.from("\0")), READY]));
    }
  }
}

/** The answer to a query: the description of a column of text, a row, and the end. */
function row(text: string): Buffer {
  const value = Buffer.from(text);
  const TEXT = 25;
  return Buffer.concat([
    message("T", int16(1), "text", 0, int16(0), TEXT, int16(-1), -1, int16(0)),
    message("D", int16(1), value.length, value),
    message("C", "SELECT 1"),
    READY,
  ]);
}
