import fc from "fast-check";
import { expect, test } from "vitest";
import { gather } from "./gather.ts";

test("gather: copies the bytes in their order, up to the limit", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 20 })), fc.nat({ max: 100 }), (bufs, limit) => {
      const all = Buffer.concat(bufs);
      expect(Buffer.from(gather(bufs, limit))).toEqual(all.subarray(0, limit));
    }),
  );
});
