import { join } from "node:path";
import { co, copyFile, exists, File, type Future, finallyDo, readFile, remove, writeFile } from "pollux";
import { check, type Job, sameBytes, type World } from "../job.ts";
import type { Random } from "../random.ts";

let made = 0;

const writeAndRead = co(function* (path: string, copied: string, random: Random) {
  const bytes = random.bytes(random.below(20_000));
  yield* writeFile(path, bytes);
  check(sameBytes(yield* readFile(path), bytes), "a file is another");
  if (random.chance(50)) return;
  yield* copyFile(path, copied);
  const file = yield* File.open(copied);
  try {
    check(sameBytes(yield* file.readToEnd(), bytes), "a copied file is another");
  } finally {
    file.close();
  }
});

const removeAll = co(function* (paths: readonly string[]) {
  for (const path of paths) if (yield* exists(path)) yield* remove(path);
});

function start({ folder }: World, random: Random): Future<void> {
  const path = join(folder, `file-${made++}`);
  const copied = `${path}-copy`;
  // A kill that comes when the files are being removed already does not interrupt that, as it would a `finally`.
  return finallyDo(writeAndRead(path, copied, random), () => removeAll([path, copied]));
}

export const files: Job = { name: "file", weight: 10, start };
