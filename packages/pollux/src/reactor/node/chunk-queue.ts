/** Bytes in the pieces in which they arrived, first in first out. */
export class ChunkQueue {
  /** Bytes that are queued. */
  bytes = 0;
  private chunks: Uint8Array[] = [];
  /** The first chunk that is not used up; those before it are. */
  private head = 0;
  /** Bytes of it that have been taken. */
  private taken = 0;

  get pieces(): number {
    return this.chunks.length - this.head;
  }

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.chunks.push(chunk);
    this.bytes += chunk.length;
  }

  /** Copies as many bytes as there are and fit into `buf`, and gives their number. */
  take(buf: Uint8Array): number {
    let copied = 0;
    while (copied < buf.length) {
      const chunk = this.chunks[this.head];
      if (chunk === undefined) break;
      const size = Math.min(buf.length - copied, chunk.length - this.taken);
      buf.set(size === chunk.length ? chunk : chunk.subarray(this.taken, this.taken + size), copied);
      copied += size;
      this.taken += size;
      if (this.taken === chunk.length) this.drop();
    }
    this.bytes -= copied;
    return copied;
  }

  /** Copies as `take` does, and leaves everything where it is. */
  peek(buf: Uint8Array): number {
    let copied = 0;
    let taken = this.taken;
    for (let at = this.head; copied < buf.length; at++) {
      const chunk = this.chunks[at];
      if (chunk === undefined) break;
      const size = Math.min(buf.length - copied, chunk.length - taken);
      buf.set(chunk.subarray(taken, taken + size), copied);
      copied += size;
      taken = 0;
    }
    return copied;
  }

  private drop(): void {
    this.taken = 0;
    this.head++;
    // Emptied pieces are let go in one go, when nothing is left or when they are the greater part.
    if (this.chunks.length === 1) {
      // A reader that keeps up: the array keeps its place for the next piece.
      this.chunks.pop();
      this.head = 0;
    } else if (this.head === this.chunks.length) {
      this.chunks = [];
      this.head = 0;
    } else if (this.head * 2 > this.chunks.length) {
      this.chunks.splice(0, this.head);
      this.head = 0;
    }
  }

  clear(): void {
    this.chunks = [];
    this.head = 0;
    this.taken = 0;
    this.bytes = 0;
  }
}
