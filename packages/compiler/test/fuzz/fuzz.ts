import { compare, type Difference } from "./compare.ts";
import { Generator, type Piece, render } from "./program.ts";
import { shrink } from "./shrink.ts";

/** A program that behaves differently when it is compiled, made as small as it got. */
export interface Failure {
  readonly seed: number;
  readonly program: string;
  readonly difference: Difference;
}

/** Runs so many programs, one for each seed from `seed` on, and gives the first that fails. */
export async function fuzz(
  seed: number,
  count: number,
  progress: (done: number) => void = () => {},
): Promise<Failure | null> {
  for (let i = 0; i < count; i++) {
    const failure = await tryOne(seed + i);
    if (failure !== null) return failure;
    progress(i + 1);
  }
  return null;
}

async function tryOne(seed: number): Promise<Failure | null> {
  const program = new Generator(seed).program();
  if ((await compare(render(program), seed)) === null) return null;
  const fails = async (piece: Piece): Promise<boolean> => {
    try {
      return (await compare(render(piece), seed)) !== null;
    } catch {
      return false; // No program any more.
    }
  };
  const small = await shrink(program, fails);
  const difference = await compare(render(small), seed);
  return difference === null ? null : { seed, program: render(small), difference };
}

/** A failure for people to read. */
export function describeFailure({ seed, program, difference }: Failure): string {
  const lines = [`seed ${seed}: ${difference.what}`, "", program, ""];
  const length = Math.max(difference.expected.length, difference.got.length);
  for (let i = 0; i < length; i++) {
    const [expected, got] = [difference.expected[i], difference.got[i]];
    lines.push(expected === got ? `  ${expected}` : `- ${expected ?? ""}\n+ ${got ?? ""}`);
  }
  return lines.join("\n");
}
