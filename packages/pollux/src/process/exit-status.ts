/** How a process has ended: by itself, with a code, or by a signal. */
export class ExitStatus {
  /** 0 to 255; `null` if a signal has ended it. */
  readonly code: number | null;
  /** The name of the signal, such as `"SIGKILL"`; `null` if it has ended by itself. */
  readonly signal: string | null;

  /** @internal */
  constructor(code: number | null, signal: string | null) {
    this.code = code;
    this.signal = signal;
  }

  /** Whether the code is 0. */
  get success(): boolean {
    return this.code === 0;
  }

  /** `"exit code 1"`, or `"ended by SIGKILL"`. */
  toString(): string {
    return this.signal === null ? `exit code ${this.code}` : `ended by ${this.signal}`;
  }
}
