import { accessSync, constants } from "node:fs";
import { dirname } from "node:path";
import { parseArgs } from "node:util";
import { PEERS, type Peer } from "./harness/case.ts";
import { suites } from "./suites.ts";

export const USAGE = `Usage: npm run bench -- [options]

  --suite NAME   what to measure: ${suites.map((suite) => suite.name).join(", ")} (default: core)
  --case NAME    only this case; may be given more than once
  --peers A,B    compare only with these of ${PEERS.filter((peer) => peer !== "pollux").join(", ")} (default: all that are there)
  --quick        fewer and shorter rounds, about a minute in all
  --json FILE    also write the results to FILE
  --help         show this text
`;

export interface Arguments {
  readonly suite: string;
  /** Empty: all. */
  readonly cases: readonly string[];
  /** Pollux and whom it is compared with. */
  readonly peers: ReadonlySet<Peer>;
  readonly quick: boolean;
  readonly json: string | null;
  readonly help: boolean;
}

/** What the user typed makes no sense; the message says what would. */
export class UsageError extends Error {}

/** @throws UsageError */
export function parseArguments(argv: readonly string[]): Arguments {
  const values = parse(argv);
  const name = values.suite ?? "core";
  const suite = suites.find((suite) => suite.name === name);
  if (suite === undefined)
    throw unknown(
      "suite",
      name,
      suites.map((suite) => suite.name),
    );

  const cases = values.case ?? [];
  const known = suite.groups.flat().map((of) => of.name);
  for (const name of cases) if (!known.includes(name)) throw unknown("case", name, known);

  const peers = values.peers?.split(",") ?? PEERS;
  for (const peer of peers) if (!isPeer(peer)) throw unknown("peer", peer, PEERS);

  // Now, and not when all has been measured.
  if (values.json !== undefined) checkFolder(values.json);

  return {
    suite: name,
    cases,
    peers: new Set<Peer>(["pollux", ...peers.filter(isPeer)]),
    quick: values.quick ?? false,
    json: values.json ?? null,
    help: values.help ?? false,
  };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        suite: { type: "string" },
        case: { type: "string", multiple: true },
        peers: { type: "string" },
        quick: { type: "boolean" },
        json: { type: "string" },
        help: { type: "boolean" },
      },
    }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function checkFolder(file: string): void {
  try {
    accessSync(dirname(file), constants.W_OK);
  } catch (error) {
    throw new UsageError(`cannot write ${file}: ${(error as Error).message}`);
  }
}

function isPeer(name: string): name is Peer {
  return (PEERS as readonly string[]).includes(name);
}

function unknown(what: string, name: string, known: readonly string[]): UsageError {
  return new UsageError(`unknown ${what} ${JSON.stringify(name)}: one of ${known.join(", ")}`);
}
