import { parseArgs } from "node:util";

export const USAGE = `Usage: npm start -- [options]

A server that answers GET /{ms}/{message} with the message after that many milliseconds, and a client
that asks it for many messages at once and for some one after another; both on Pollux, in one process.

  --requests N   how many requests are sent at once, 1 to 10000 (200)
  --serve        only serve, until Ctrl-C: curl http://127.0.0.1:8080/500/hello
  --port N       where to listen, 0 for any free port (8080 with --serve, else 0)
  --grace MS     how long requests in flight may take after Ctrl-C (5000); a second Ctrl-C ends at once
  --help         this text
`;

export interface Options {
  help: boolean;
  serve: boolean;
  requests: number;
  port: number;
  grace: number;
}

/** The command line makes no sense; the message says what does. */
export class UsageError extends Error {}

/** Reads the command line; throws `UsageError`. */
export function parseOptions(args: string[]): Options {
  const values = parse(args);
  const { help = false, serve = false } = values;
  if (serve && values.requests !== undefined) {
    throw new UsageError("--requests makes no sense with --serve: it is the client that sends them");
  }
  return {
    help,
    serve,
    requests: whole("--requests", values.requests, { least: 1, most: 10_000, otherwise: 200 }),
    port: whole("--port", values.port, { least: 0, most: 65_535, otherwise: serve ? 8080 : 0 }),
    grace: whole("--grace", values.grace, { least: 0, most: 2 ** 31 - 1, otherwise: 5000 }),
  };
}

type Values = { help?: boolean; serve?: boolean; requests?: string; port?: string; grace?: string };

function parse(args: string[]): Values {
  try {
    const { values } = parseArgs({
      args,
      options: {
        help: { type: "boolean", short: "h" },
        serve: { type: "boolean" },
        requests: { type: "string" },
        port: { type: "string" },
        grace: { type: "string" },
      },
    });
    return values;
  } catch (error) {
    // What parseArgs says is for people, except for its advice on arguments that begin with a dash.
    if (error instanceof TypeError) throw new UsageError(error.message.split(". ")[0]);
    throw error;
  }
}

function whole(
  name: string,
  text: string | undefined,
  { least, most, otherwise }: { least: number; most: number; otherwise: number },
): number {
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < least || value > most) {
    throw new UsageError(
      `${name} must be a whole number from ${least} to ${most}, not ${JSON.stringify(text)}`,
    );
  }
  return value;
}
