import { Buffer } from "node:buffer";
import {
  type Context,
  Future,
  Pending,
  type Poll,
  PollAfterCompletionError,
  type Reader,
  type Waker,
} from "pollux";
import { Inbox } from "./inbox.ts";

/** So much is gathered before the first part is sent. */
const MOST = 65_536;

const scratch = Buffer.allocUnsafeSlow(MOST);

/**
 * What a stream gives before the turn of the host's loop ends, which for one that was made of a text or of bytes is all of
 * it: that is sent as a whole then, with its length. Gives whether it is.
 *
 * @internal
 */
export class Gathering extends Future<boolean> {
  private readonly reader: Reader;
  private readonly inbox: Inbox;
  private turn: NodeJS.Immediate | null;
  private waker: Waker | null;
  private isLate: boolean;
  private isOver: boolean;

  constructor(reader: Reader) {
    super();
    this.reader = reader;
    this.inbox = new Inbox();
    this.turn = null;
    this.waker = null;
    this.isLate = false;
    this.isOver = false;
  }

  /** A copy of what has come. */
  get bytes(): Uint8Array {
    const { buf, start, end } = this.inbox;
    return new Uint8Array(buf.subarray(start, end));
  }

  override poll(cx: Context): Poll<boolean> {
    if (this.isOver) throw new PollAfterCompletionError("the gathering of a body");
    const { reader, inbox } = this;
    try {
      for (;;) {
        const size = reader.pollRead(cx, scratch);
        if (size === Pending) {
          if (this.isLate) return this.end(false);
          this.waker = cx.waker;
          this.turn ??= setImmediate(() => {
            this.isLate = true;
            this.waker?.wake();
          });
          return Pending;
        }
        if (size === 0) return this.end(true);
        inbox.push(scratch, size);
        if (inbox.length >= MOST) return this.end(false);
      }
    } catch (error) {
      this.end(false);
      throw error;
    }
  }

  private end(isWhole: boolean): boolean {
    this.isOver = true;
    this.waker = null;
    if (this.turn !== null) clearImmediate(this.turn);
    this.turn = null;
    return isWhole;
  }

  override cancel(): void {
    if (this.isOver) return;
    this.end(false);
    this.reader.cancelRead();
  }
}
