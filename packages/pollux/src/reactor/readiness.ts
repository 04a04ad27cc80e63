/**
 * What a source is ready for, as bits. Node's sockets know less than epoll does: there, that a peer has gone is seen
 * once it was read up to there, or by a write that failed.
 *
 * @internal
 */
export const Readiness = {
  /** A read would give bytes or the end. */
  Readable: 1,
  /** A write would take bytes over. */
  Writable: 2,
  /** The peer has ended its side, and nothing comes after what there is. */
  ReadClosed: 4,
  /** Nothing can be written any more. */
  WriteClosed: 8,
  /** The connection has failed: the next operation says how. */
  Failed: 16,
} as const;

/** A read need not wait. @internal */
export const READ_READY: number = Readiness.Readable | Readiness.ReadClosed | Readiness.Failed;

/** A write need not wait. @internal */
export const WRITE_READY: number = Readiness.Writable | Readiness.WriteClosed | Readiness.Failed;
