import { close } from "node:fs";
import { ClosedError } from "../core/errors.ts";

/**
 * A descriptor, and the operations in libuv's threads that use it: it is closed when none does any more, since its number
 * may be given out again at once.
 */
export class Descriptor {
  readonly fd: number;
  isClosed: boolean;
  private users: number;
  private closing: Promise<void> | null;
  private onUnused: (() => void) | null;

  constructor(fd: number) {
    this.fd = fd;
    this.isClosed = false;
    this.users = 0;
    this.closing = null;
    this.onUnused = null;
  }

  /** @throws ClosedError after `close` */
  check(): void {
    if (this.isClosed) throw new ClosedError("this file");
  }

  /** An operation begins. */
  enter(): void {
    this.users++;
  }

  /** An operation has ended. */
  leave(): void {
    if (--this.users === 0) this.onUnused?.();
  }

  /** It is somebody else's from now on. */
  release(): void {
    this.isClosed = true;
    this.closing ??= Promise.resolve();
  }

  /**
   * Closes it as soon as nobody uses it. Idempotent.
   *
   * @param failure - asked when nobody does: what else went wrong
   * @returns rejected with the failure, or what the system says of the close
   */
  close(failure: () => Error | null): Promise<void> {
    this.isClosed = true;
    this.closing ??= new Promise((resolve, reject) => {
      this.onUnused = () => {
        this.onUnused = null;
        close(this.fd, (error) => {
          const why = failure() ?? error ?? null;
          if (why === null) resolve();
          else reject(why);
        });
      };
      if (this.users === 0) this.onUnused();
    });
    return this.closing;
  }
}
