import type { Context } from "../core/context.ts";
import { TooLongError } from "../core/errors.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { End } from "../core/stream-source.ts";
import type { BufferedReader } from "./buffered-reader.ts";
import { ReadOperation } from "./operation.ts";
import { decodeUtf8 } from "./utf8.ts";

const NEWLINE = 10;
const CARRIAGE_RETURN = 13;

/** Looks for a delimiter in the buffer, out of which nothing is taken before it is there: a cancel loses nothing. */
abstract class ReadDelimited<T> extends ReadOperation<T, BufferedReader> {
  private readonly delimiter: number;
  private readonly limit: number;
  /** Bytes of the buffer among which it is not. */
  private searched = 0;
  /** Whether a unit of budget was spent, by reading. */
  private paid = false;

  constructor(reader: BufferedReader, delimiter: number, limit: number) {
    super(reader);
    this.delimiter = delimiter;
    this.limit = limit;
  }

  /** Takes out and gives what comes before the delimiter, if there is one, and the delimiter. */
  protected abstract give(reader: BufferedReader, before: number, delimited: boolean): T;

  protected override attempt(reader: BufferedReader, cx: Context): Poll<T> {
    const { buffered } = reader;
    for (;;) {
      let before = buffered.indexOf(this.delimiter, this.searched);
      const delimited = before >= 0;
      if (!delimited) {
        before = buffered.length;
        this.searched = before;
      }
      if (before > this.limit) throw new TooLongError(`what ${this.what} was to read`, this.limit);
      let over = delimited;
      if (!delimited) {
        const more = reader.pollMore(cx);
        if (more === Pending) return Pending;
        this.paid = more || this.paid;
        over = !more;
      }
      if (over) {
        if (!this.paid && !cx.takeBudget()) return Pending;
        return this.give(reader, before, delimited);
      }
    }
  }
}

/** @internal */
export class ReadUntil extends ReadDelimited<Uint8Array> {
  protected override get what(): string {
    return "readUntil()";
  }

  protected override give(reader: BufferedReader, before: number, delimited: boolean): Uint8Array {
    const size = before + (delimited ? 1 : 0);
    return reader.buffered.take(size);
  }
}

/** @internal */
export class ReadLine extends ReadDelimited<string | End> {
  private readonly fatal: boolean;

  constructor(reader: BufferedReader, limit: number, fatal: boolean) {
    super(reader, NEWLINE, limit);
    this.fatal = fatal;
  }

  protected override get what(): string {
    return "readLine()";
  }

  protected override give(reader: BufferedReader, before: number, delimited: boolean): string | End {
    const { buffered } = reader;
    if (before === 0 && !delimited) return End;
    const returns = delimited && before > 0 && buffered.at(before - 1) === CARRIAGE_RETURN;
    const line = buffered.view().subarray(0, returns ? before - 1 : before);
    try {
      return decodeUtf8(line, this.fatal, "the line");
    } finally {
      reader.consume(before + (delimited ? 1 : 0));
    }
  }
}
