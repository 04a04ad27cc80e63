/** The exit codes of the command. */
export const ExitCode = {
  /** The program failed, or a file has errors. */
  Failed: 1,
  /** The command was not used as it is meant to be. */
  Usage: 2,
  /** Nothing is left that could let the program go on; Node's own code for that. */
  Stuck: 13,
} as const;

/** What the command ends with when it cannot do what it was asked: a line for people, without a stack. */
export class Failure extends Error {
  override readonly name: string = "Failure";
  readonly exitCode: number;

  constructor(message: string, exitCode: number = ExitCode.Usage) {
    super(message);
    this.exitCode = exitCode;
  }
}
