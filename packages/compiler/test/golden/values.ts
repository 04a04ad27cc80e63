import { co, type Future } from "pollux";

declare const load: (name: string) => Future<Uint8Array>;

// The first buffer is not kept while the second one is loaded.
export const sizes = co(async () => {
  const first = await load("first");
  const size = first.byteLength;
  const second = await load("second");
  return [size, second.byteLength].join();
});
