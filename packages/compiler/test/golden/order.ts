import { co, type Future } from "pollux";

declare const next: () => Future<number>;
declare const table: { rows: Record<number, number>; sum(...values: number[]): number };

export const order = co(async () => {
  table.rows[await next()] += await next();
  return table.sum(1, await next(), ...[await next()]) > 0 ? "more" : `none of ${await next()}`;
});
