import type { Context } from "../core/context.ts";
import type { Poll } from "../core/poll.ts";

/** What an offset counts from. */
export type SeekFrom = "start" | "current" | "end";

/** What has a position that can be moved. */
export interface AsyncSeek {
  /**
   * Moves to `offset` bytes from the start, from where it is, or from the end, and gives the new position, from the
   * start. After `Pending` it is called again with the same arguments, until it has moved.
   *
   * @throws RangeError if that would be before the start; it has not moved then
   */
  pollSeek(cx: Context, offset: number, from: SeekFrom): Poll<number>;
}
