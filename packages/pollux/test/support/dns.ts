/** What a query of DNS asks for (RFC 1035, 4.1), as far as a test needs it. */
export interface Question {
  readonly id: number;
  readonly name: string;
  /** 1 is an IPv4 address, 16 a text. */
  readonly type: number;
  /** The question as it was sent, to be sent back. */
  readonly bytes: Buffer;
}

const HEADER = 12;

export function parseQuery(query: Uint8Array): Question {
  const message = Buffer.from(query);
  const labels: string[] = [];
  let at = HEADER;
  for (let size: number; (size = message.readUInt8(at++)) > 0; at += size)
    labels.push(message.toString("latin1", at, at + size));
  const type = message.readUInt16BE(at);
  return {
    id: message.readUInt16BE(0),
    name: labels.join("."),
    type,
    bytes: message.subarray(HEADER, at + 4),
  };
}

/** An answer with the data of one record of the type that was asked for; without, there is no such name. */
export function encodeAnswer({ id, type, bytes }: Question, data: Uint8Array | null): Uint8Array {
  const header = Buffer.alloc(HEADER);
  header.writeUInt16BE(id, 0);
  header.writeUInt16BE(data === null ? 0x8183 : 0x8180, 2); // A response, recursion available; 3 is NXDOMAIN.
  header.writeUInt16BE(1, 4);
  if (data === null) return Buffer.concat([header, bytes]);
  header.writeUInt16BE(1, 6);
  const record = Buffer.alloc(12);
  record.writeUInt16BE(0xc000 | HEADER, 0); // The name is that of the question.
  record.writeUInt16BE(type, 2);
  record.writeUInt16BE(1, 4);
  record.writeUInt32BE(60, 6);
  record.writeUInt16BE(data.length, 10);
  return Buffer.concat([header, bytes, record, data]);
}
