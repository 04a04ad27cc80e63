import type { KeepsAlive } from "../reactor/waiting.ts";

/** What libuv keeps the process alive for, unless it is told not to. Streams on files have neither method. */
interface Referenced {
  ref?(): unknown;
  unref?(): unknown;
}

/** A handle of Node's that keeps the process alive only while somebody waits on it. */
export class KeepsHandleAlive implements KeepsAlive {
  readonly isExternal = true;
  readonly needsNodeLoop = "child processes and streams of Node";
  private readonly handle: Referenced;
  private waits: number;

  /** @param handle - a process, or a stream */
  constructor(handle: object) {
    // Both methods are optional: any object has them or not.
    this.handle = handle as Referenced;
    this.waits = 0;
    this.handle.unref?.();
  }

  keepAlive(): void {
    if (this.waits++ === 0) this.handle.ref?.();
  }

  letGo(): void {
    if (--this.waits === 0) this.handle.unref?.();
  }
}
