import type { Client, QueryResult } from "pg";
import { co, fromPromise, TcpStream, toPromise } from "pollux";

/** What PostgreSQL says of a query that was cancelled. */
const QUERY_CANCELED = "57014";

const CANCEL_REQUEST = 80_877_102;

/**
 * Runs a query with `pg`. A cancel asks the server to give the query up, by the protocol's CancelRequest, and waits until it
 * has: then the connection can be used again. If the server cannot be asked, the connection is destroyed, and with it the
 * query.
 */
export const query = co(function* (client: Client, text: string) {
  return yield* fromPromise(
    async (signal): Promise<QueryResult> => {
      const onAbort = (): void => {
        toPromise(askToCancel(client)).catch((error: Error) => client.connection.stream.destroy(error));
      };
      signal.addEventListener("abort", onAbort, { once: true });
      try {
        return await client.query(text);
      } catch (error) {
        // It failed because it was cancelled: that is no failure of the cleanup.
        if (signal.aborted && (error as { code?: string }).code === QUERY_CANCELED) throw signal.reason;
        throw error;
      } finally {
        signal.removeEventListener("abort", onAbort);
      }
    },
    { awaitCleanup: true },
  );
});

/** The request is made on a connection of its own, which the server closes. */
const askToCancel = co(function* (client: Client) {
  // Clients have them once they are connected, though the types do not say so.
  const { processID, secretKey } = client as Client & { processID: number; secretKey: number };
  const message = new DataView(new ArrayBuffer(16));
  message.setInt32(0, 16);
  message.setInt32(4, CANCEL_REQUEST);
  message.setInt32(8, processID);
  message.setInt32(12, secretKey);
  const stream = yield* TcpStream.connect({ host: client.host, port: client.port });
  try {
    yield* stream.writeAll(new Uint8Array(message.buffer));
    while ((yield* stream.read(new Uint8Array(1))) > 0);
  } finally {
    stream.close();
  }
});
