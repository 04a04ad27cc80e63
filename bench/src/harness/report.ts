import { type CaseResult, PEERS, type Peer, type Target } from "./case.ts";
import type { Summary } from "./statistics.ts";

/** The file that `--json` writes. */
export interface Report {
  suite: string;
  node: string;
  cases: { name: string; unit: string; results: Partial<Record<Peer, Summary>> }[];
}

export function toReport(suite: string, results: readonly CaseResult[]): Report {
  return {
    suite,
    node: process.version,
    cases: results.map(({ case: { name, unit }, results }) => ({
      name,
      unit,
      results: Object.fromEntries(results),
    })),
  };
}

/** A target, and what was reached. */
export interface Verdict {
  readonly name: string;
  readonly ratio: string;
  readonly target: Target;
  /** `null` if the other side of the ratio was not measured in this run. */
  readonly reached: number | null;
  readonly ok: boolean;
}

export function judge(results: readonly CaseResult[]): Verdict[] {
  const median = (name: string, peer: Peer): number | undefined =>
    results.find((result) => result.case.name === name)?.results.get(peer)?.median;
  return results.flatMap(({ case: { name, targets = [] } }) =>
    targets.map((target) => {
      const [ratio, own, other] =
        "of" in target
          ? [`pollux ${name}/${target.of}`, median(name, "pollux"), median(target.of, "pollux")]
          : [`pollux/${target.peer}`, median(name, "pollux"), median(name, target.peer)];
      const reached = own === undefined || other === undefined ? null : own / other;
      const ok = reached !== null && reached <= target.atMost && reached >= (target.atLeast ?? 0);
      return { name, ratio, target, reached, ok };
    }),
  );
}

/** For a person: each peer's median and what Pollux is to it, and then the targets. */
export function toText(results: readonly CaseResult[]): string {
  const peers = PEERS.filter((peer) => results.some((result) => result.results.has(peer)));
  const others = peers.filter((peer) => peer !== "pollux");
  const rows = results.map(({ case: { name, unit }, results }) => {
    const own = results.get("pollux")?.median;
    return [
      name,
      unit,
      own === undefined ? "" : figure(own),
      ...others.flatMap((peer) => {
        const other = results.get(peer)?.median;
        return other === undefined ? ["", ""] : [figure(other), own === undefined ? "" : ratio(own / other)];
      }),
    ];
  });
  const head = ["case", "unit", "pollux", ...others.flatMap((peer) => [peer, "ratio"])];
  const text = [
    "Medians; a ratio is pollux divided by the peer on its left, below 1 pollux is faster (or smaller).",
    "",
  ];
  text.push(...table([head, ...rows], 2));

  const verdicts = judge(results);
  if (verdicts.length > 0) {
    const lines = verdicts.map(({ name, ratio: label, target, reached, ok }) => [
      reached === null ? "-" : ok ? "ok" : "miss",
      name,
      label,
      reached === null ? "not run" : ratio(reached),
      `${target.atLeast === undefined ? "" : `${ratio(target.atLeast)} to `}${ratio(target.atMost)}`,
    ]);
    text.push("", ...table([["", "case", "what", "reached", "target"], ...lines], 3));
    const judged = verdicts.filter(({ reached }) => reached !== null);
    text.push("", `${judged.filter(({ ok }) => ok).length} of ${judged.length} targets reached`);
  }
  return `${text.join("\n")}\n`;
}

export function figure(value: number): string {
  return value < 100 ? value.toFixed(1) : Math.round(value).toLocaleString("en-US");
}

function ratio(value: number): string {
  return value < 0.1 ? value.toFixed(3) : value < 10 ? value.toFixed(2) : value.toFixed(0);
}

/** Columns in line: the first `left` to the left, the others to the right. */
export function table(rows: readonly (readonly string[])[], left: number): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) =>
        column < left ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join("  ")
      .trimEnd(),
  );
}
