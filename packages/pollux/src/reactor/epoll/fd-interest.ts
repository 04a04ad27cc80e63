import {
  EPOLLERR,
  EPOLLET,
  EPOLLHUP,
  EPOLLIN,
  EPOLLONESHOT,
  EPOLLOUT,
  EPOLLPRI,
  EPOLLRDHUP,
} from "./constants.ts";

/** What is to be heard of a descriptor. */
export interface FdInterest {
  /** That something can be read, or nothing more will come. */
  readonly read?: boolean;
  /** That something can be written, or nothing more is taken. */
  readonly write?: boolean;
  /** That something urgent can be read, such as a socket's out-of-band byte. */
  readonly priority?: boolean;
}

/**
 * When the system tells of a descriptor: `"edge"`, when it becomes ready; `"level"`, as long as it is; `"oneShot"`, the next
 * time, and not again until it is armed again.
 */
export type Trigger = "edge" | "level" | "oneShot";

/** What a descriptor is ready for. */
export interface FdReady {
  readonly isReadable: boolean;
  readonly isWritable: boolean;
  /** Something urgent can be read. */
  readonly isPriority: boolean;
  /** Nothing comes after what there is. */
  readonly isReadClosed: boolean;
  /** Nothing more can be written. */
  readonly isWriteClosed: boolean;
  /** The next operation may say what is wrong. */
  readonly isError: boolean;
}

/** {@link FdReady} as bits. */
export const FdBits = {
  Readable: 1,
  Writable: 2,
  Priority: 4,
  ReadClosed: 8,
  WriteClosed: 16,
  Error: 32,
} as const;

/** Once so, for good. */
export const CLOSED_BITS: number = FdBits.ReadClosed | FdBits.WriteClosed;

/** What ends a wait for this interest. */
export function bitsOf({ read, write, priority }: FdInterest): number {
  let bits = 0;
  if (read === true) bits |= FdBits.Readable | FdBits.ReadClosed | FdBits.Error;
  if (write === true) bits |= FdBits.Writable | FdBits.WriteClosed | FdBits.Error;
  if (priority === true) bits |= FdBits.Priority | FdBits.ReadClosed | FdBits.Error;
  return bits;
}

/** The events of epoll that stand for an interest. */
export function eventsOf({ read, write, priority }: FdInterest): number {
  let events = 0;
  if (read === true) events |= EPOLLIN | EPOLLRDHUP;
  if (write === true) events |= EPOLLOUT;
  if (priority === true) events |= EPOLLPRI;
  return events;
}

/** The flag of epoll for a trigger. */
export function flagOf(trigger: Trigger): number {
  if (trigger === "edge") return EPOLLET;
  return trigger === "oneShot" ? EPOLLONESHOT : 0;
}

/** What events of epoll say of a descriptor. */
export function readyBits(events: number): number {
  let bits = 0;
  if ((events & (EPOLLIN | EPOLLPRI)) !== 0) bits |= FdBits.Readable;
  if ((events & EPOLLPRI) !== 0) bits |= FdBits.Priority;
  if ((events & EPOLLOUT) !== 0) bits |= FdBits.Writable;
  if ((events & EPOLLERR) !== 0) bits |= FdBits.Error;
  // A half-closed side is told with what there is to read; a pipe without a reader with an error.
  if ((events & EPOLLHUP) !== 0) bits |= FdBits.ReadClosed | FdBits.WriteClosed;
  if ((events & EPOLLIN) !== 0 && (events & EPOLLRDHUP) !== 0) bits |= FdBits.ReadClosed;
  if ((events & EPOLLERR) !== 0 && ((events & EPOLLOUT) !== 0 || events === EPOLLERR))
    bits |= FdBits.WriteClosed;
  return bits;
}

export function describeBits(bits: number): FdReady {
  return {
    isReadable: (bits & FdBits.Readable) !== 0,
    isWritable: (bits & FdBits.Writable) !== 0,
    isPriority: (bits & FdBits.Priority) !== 0,
    isReadClosed: (bits & FdBits.ReadClosed) !== 0,
    isWriteClosed: (bits & FdBits.WriteClosed) !== 0,
    isError: (bits & FdBits.Error) !== 0,
  };
}

/** @throws TypeError if it asks for nothing, or is none */
export function checkInterest(interest: FdInterest, what: string): void {
  if (typeof interest !== "object" || interest === null || eventsOf(interest) === 0)
    throw new TypeError(
      `${what} needs { read: true }, { write: true }, { priority: true } or several of them`,
    );
}

/** @throws TypeError for what is none */
export function checkTrigger(trigger: Trigger): void {
  if (trigger !== "edge" && trigger !== "level" && trigger !== "oneShot")
    throw new TypeError(`trigger must be "edge", "level" or "oneShot"; got ${String(trigger)}`);
}

/** A descriptor by its number, or what has one. */
export type Fd = number | { readonly fd: number };

/** @throws TypeError, RangeError for what is none */
export function fdOf(fd: Fd): number {
  const number = typeof fd === "object" && fd !== null ? fd.fd : fd;
  if (typeof number !== "number")
    throw new TypeError(`a descriptor is a number, or has one as fd; got ${typeof fd}`);
  if (!(Number.isInteger(number) && number >= 0 && number <= 0x7fff_ffff))
    throw new RangeError(`a descriptor is a whole number from 0; got ${number}`);
  return number;
}
