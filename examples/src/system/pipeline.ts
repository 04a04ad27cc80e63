import { argv } from "node:process";
import { fileURLToPath } from "node:url";
import { BufReader, BufWriter, Command, co, File, type Future, run, type Stream } from "pollux";

/*
 * A pipeline of the shell in one coroutine: `sh -c SCRIPT | grep WORD > FILE`. The child's lines are a stream, which reads no
 * further than the file takes them. Whatever happens, be it a failure, a full disk or a cancel, the child has ended and the
 * file is closed when it is over.
 */

/**
 * Runs a script and writes those of its lines to a file that have the word in them.
 *
 * @returns how many there were
 */
export const grepOutput: (script: string, word: string, path: string) => Future<number> = co(
  function* grepOutput(script: string, word: string, path: string) {
    const command = new Command("sh", ["-c", script], { stdin: "null", stdout: "pipe", processGroup: true });
    return yield* command.with(function* (child) {
      if (child.stdout === null) throw new TypeError("the script's output is no pipe");
      const file = yield* File.create(path);
      try {
        const lines = new BufReader(child.stdout).lines().filter((line) => line.includes(word));
        const count = yield* writeLines(lines, new BufWriter(file));
        const status = yield* child.wait();
        if (!status.success) throw new Error(`the script has failed: ${status}`);
        return count;
      } finally {
        yield* file.finish();
      }
    });
  },
);

const writeLines = co(function* (lines: Stream<string>, out: BufWriter) {
  const encoder = new TextEncoder();
  const count = yield* lines.fold(0, function* (count, line) {
    yield* out.writeAll(encoder.encode(`${line}\n`));
    return count + 1;
  });
  yield* out.flush();
  return count;
});

if (argv[1] === fileURLToPath(import.meta.url)) {
  const [script = "seq 1 100", word = "7", path = "/dev/stdout"] = argv.slice(2);
  console.log(`${await run(grepOutput(script, word, path))} lines`);
}
