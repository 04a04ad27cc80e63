import { writeFileSync } from "node:fs";
import { parseArguments, USAGE, UsageError } from "./arguments.ts";
import { inChild, weigh } from "./harness/bytes.ts";
import {
  type BytesCase,
  type Case,
  type CaseResult,
  PEERS,
  type Peer,
  type Round,
  type Suite,
  type TimedCase,
  type Weigh,
} from "./harness/case.ts";
import { FULL, type Plan, QUICK } from "./harness/plan.ts";
import { Progress } from "./harness/progress.ts";
import { toReport, toText } from "./harness/report.ts";
import { measure } from "./harness/rounds.ts";
import { summarize } from "./harness/statistics.ts";
import { Tokio, TokioMissing } from "./harness/tokio.ts";
import { suites } from "./suites.ts";

/** Runs what the arguments ask for. Gives the exit code: a missed target is no failure, a wrong argument is. */
export async function bench(argv: readonly string[]): Promise<number> {
  try {
    await runSuite(argv);
    return 0;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`bench: ${error.message}\n\n${USAGE}`);
    return 2;
  }
}

async function runSuite(argv: readonly string[]): Promise<void> {
  const { suite: suiteName, cases, peers, quick, json, help } = parseArguments(argv);
  const suite = suites.find(({ name }) => name === suiteName);
  if (help || suite === undefined) {
    console.log(USAGE);
    return;
  }
  const plan = quick ? QUICK : FULL;
  const progress = new Progress(process.stderr);
  const tokio = peers.has("tokio") ? await findTokio(progress) : null;
  const chosen = suite.groups.map((group) =>
    group.filter(({ name }) => cases.length === 0 || cases.includes(name)),
  );
  const results: CaseResult[] = [];
  try {
    for (const group of chosen) results.push(...(await runGroup(suite, group, peers, tokio, plan, progress)));
  } finally {
    progress.clear();
    tokio?.close();
  }
  console.log((suite.toText ?? toText)(results));
  if (json !== null) writeFileSync(json, `${JSON.stringify(toReport(suiteName, results), null, 2)}\n`);
}

async function findTokio(progress: Progress): Promise<Tokio | null> {
  progress.show("building the tokio peer (once)");
  try {
    return await Tokio.build();
  } catch (error) {
    if (!(error instanceof TokioMissing)) throw error;
    progress.clear();
    console.error(`bench: going on without tokio: ${error.message}`);
    return null;
  }
}

async function runGroup(
  suite: Suite,
  group: readonly Case[],
  peers: ReadonlySet<Peer>,
  tokio: Tokio | null,
  plan: Plan,
  progress: Progress,
): Promise<CaseResult[]> {
  const roundsOf = (timed: TimedCase): Map<Peer, Round> => {
    const rounds = new Map(entries(timed.peers, peers));
    if (tokio?.cases.has(timed.name) === true) rounds.set("tokio", tokio.round(timed.name));
    return rounds;
  };
  const weighsOf = ({ name, peers: own = {}, weighs: ready = {} }: BytesCase): Map<Peer, Weigh> => {
    const weighs = new Map(entries(ready, peers));
    for (const [peer] of entries(own, peers)) weighs.set(peer, inChild(suite.name, name, peer));
    if (tokio?.cases.has(name) === true) weighs.set("tokio", (tasks) => tokio.weigh(name, tasks));
    return weighs;
  };

  const timed = group.filter((one): one is TimedCase => one.unit === "ns/op");
  const samples = await measure(timed, roundsOf, plan, progress);
  const results: CaseResult[] = [];
  for (const one of group) {
    const ofPeers = one.unit === "ns/op" ? samples.get(one) : await weigh(one, weighsOf(one), plan, progress);
    const summaries = [...(ofPeers ?? [])].map(([peer, each]) => [peer, summarize(each)] as const);
    results.push({ case: one, results: new Map(summaries) });
  }
  return results;
}

/** What a case has of the chosen peers, in the order of {@link PEERS}. */
function entries<V>(of: Partial<Record<Peer, V>>, chosen: ReadonlySet<Peer>): [Peer, V][] {
  return PEERS.flatMap((peer): [Peer, V][] => {
    const value = of[peer];
    return value !== undefined && chosen.has(peer) ? [[peer, value]] : [];
  });
}
