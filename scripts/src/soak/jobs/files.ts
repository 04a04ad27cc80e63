import { join } from "node:path";
import { co, copyFile, exists, File, readFile, remove, writeFile } from "pollux";
import { check, type Job, sameBytes, type World } from "../job.ts";
import type { Random } from "../random.ts";

let made = 0;

const writeAndRead = co(function* ({ folder }: World, random: Random) {
  const path = join(folder, `file-${made++}`);
  const bytes = random.bytes(random.below(20_000));
  try {
    yield* writeFile(path, bytes);
    check(sameBytes(yield* readFile(path), bytes), "a file is another");
    if (random.chance(50)) {
      const copied = `${path}-copy`;
      yield* copyFile(path, copied);
      const file = yield* File.open(copied);
      try {
        check(sameBytes(yield* file.readToEnd(), bytes), "a copied file is another");
      } finally {
        file.close();
      }
    }
  } finally {
    for (const each of [path, `${path}-copy`]) if (yield* exists(each)) yield* remove(each);
  }
});

export const files: Job = { name: "file", weight: 10, start: writeAndRead };
