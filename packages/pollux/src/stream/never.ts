import type { Inspection } from "../core/inspection.ts";
import { Pending, type Poll } from "../core/poll.ts";
import type { StreamSource } from "../core/stream-source.ts";

/** Neither a value nor an end. */
export class Never implements StreamSource<never> {
  pollNext(): Poll<never> {
    return Pending;
  }

  cancel(): Poll<void> {
    // Nothing is held.
  }

  inspectNext(): Inspection {
    return { op: "never", futures: [], any: true };
  }
}
