/**
 * Where a file is read and written next. The system's own position is not used: libuv's threads would move it for
 * operations that were given up.
 */
export class Position {
  /** Whether there are positions at all: a pipe or a terminal has none. */
  readonly isSeekable: boolean;
  offset: number;
  /** Counts what makes bytes that were read ahead the wrong ones: a move, a write. */
  version: number;

  constructor(isSeekable: boolean) {
    this.isSeekable = isSeekable;
    this.offset = 0;
    this.version = 0;
  }

  moveTo(offset: number): void {
    this.offset = offset;
    this.version++;
  }

  /** What Node is given: `null` stands for the system's own position. */
  get forSystem(): number | null {
    return this.isSeekable ? this.offset : null;
  }
}
