import type { Inspection, InspectionTarget, Polled } from "../core/inspection.ts";

/**
 * What a dump calls the stream that an operation waits on.
 *
 * @internal
 */
export interface Inspected {
  /** @internal */
  readonly inspected: InspectionTarget;
}

/** How a dump calls a stream of bytes: as it says itself, or by its class. */
export function inspectedOf(stream: object): InspectionTarget {
  return (stream as Partial<Inspected>).inspected ?? { kind: stream.constructor.name, key: stream };
}

/** One of several streams that a future waits on, as a part of it. */
export function waitOn(op: string, stream: object): [name: string, polled: Polled] {
  const inspectNext = (): Inspection => ({ op, target: inspectedOf(stream) });
  return ["", { inspectNext }];
}
