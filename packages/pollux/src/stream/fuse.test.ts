import { expect, test } from "vitest";
import { TestContext } from "../../test/support/context.ts";
import { ready } from "../combine/ready.ts";
import { End } from "../core/stream-source.ts";
import { FuturesUnordered } from "./futures-unordered.ts";
import { Stream } from "./stream.ts";

test("fuse: the first end stays the end, where the source would give more", () => {
  const cx = new TestContext();
  const open = new FuturesUnordered<number>();
  const plain = Stream.from(open).inspect(() => {});
  expect(plain.pollNext(cx)).toBe(End);
  open.push(ready(1));
  expect(plain.pollNext(cx)).toBe(1);
  const fused = plain.fuse();
  expect(fused.pollNext(cx)).toBe(End);
  open.push(ready(2));
  expect(fused.pollNext(cx)).toBe(End);
});
