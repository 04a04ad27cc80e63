import { Buffer } from "node:buffer";
import {
  type Context,
  Future,
  type Inspection,
  Pending,
  type Poll,
  PollAfterCompletionError,
  TooLongError,
} from "pollux";
import { checkLimit } from "./client-options.ts";
import type { Reception } from "./reception.ts";

const DEFAULT_LIMIT = 64 * 1024 * 1024;

/** So much is taken on a server's word; then as much again as has come. */
const FIRST_SIZE = 65_536;

/**
 * The body of a response as a whole. Mostly it has come with the head, and is then not copied before something is made of
 * it.
 *
 * @internal
 */
export class WholeBody<T> extends Future<T> {
  private reception: Reception | null;
  private readonly limit: number;
  private readonly convert: (bytes: Buffer, isOurs: boolean) => T;
  private buf: Buffer;
  private size: number;

  /** @param convert - given bytes that are there for the call only, unless they are `isOurs` */
  constructor(
    reception: Reception,
    limit: number = DEFAULT_LIMIT,
    convert: (bytes: Buffer, isOurs: boolean) => T,
  ) {
    super();
    this.reception = reception;
    this.limit = checkLimit("maxLength", limit, 0);
    this.convert = convert;
    this.buf = NOTHING;
    this.size = 0;
  }

  override poll(cx: Context): Poll<T> {
    const { reception } = this;
    if (reception === null) throw new PollAfterCompletionError("the read of a body");
    try {
      const poll = this.read(cx, reception);
      if (poll !== Pending) this.reception = null;
      return poll;
    } catch (error) {
      this.reception = null;
      throw error;
    }
  }

  private read(cx: Context, reception: Reception): Poll<T> {
    const { bodyLeft } = reception;
    if (bodyLeft !== Number.POSITIVE_INFINITY && this.size + bodyLeft > this.limit) this.refuse(reception);
    if (this.size === 0) {
      const whole = reception.takeWhole(cx);
      if (whole !== null) return this.convert(whole, false);
    }
    for (;;) {
      if (this.size === this.buf.length) this.grow(reception.bodyLeft);
      const size = reception.pollBody(cx, this.size === 0 ? this.buf : this.buf.subarray(this.size));
      if (size === Pending) return Pending;
      this.size += size;
      if (this.size > this.limit) this.refuse(reception);
      if (size === 0 || reception.isOver) return this.convert(this.buf.subarray(0, this.size), true);
    }
  }

  private grow(left: number): void {
    const more = Math.max(FIRST_SIZE, this.size);
    const larger = Buffer.allocUnsafeSlow(this.size + Math.max(Math.min(left, more), 1));
    larger.set(this.buf);
    this.buf = larger;
  }

  private refuse(reception: Reception): never {
    reception.close();
    throw new TooLongError("the body", this.limit);
  }

  /** A part of a whole is of no use: nor is the rest. */
  override cancel(): void {
    this.reception?.close();
    this.reception = null;
  }

  override inspect(): Inspection {
    const inner = this.reception?.inspect();
    return inner === undefined ? { op: "a whole body" } : { ...inner, op: `the body of ${inner.op}` };
  }
}

const NOTHING = Buffer.alloc(0);
