import { co, type Future } from "pollux";

declare const connect: () => Future<{ query(): Future<string>; close(): Future<void> }>;

export const load = co(async () => {
  const connection = await connect();
  try {
    return (await connection.query()).trim();
  } finally {
    await connection.close();
  }
});
