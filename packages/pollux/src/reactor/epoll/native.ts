import { createRequire } from "node:module";
import { EPOLL_CTL_ADD, EPOLLIN } from "./constants.ts";

/**
 * The system calls of `native/pollux.c`: each gives a result, or `-errno`, and never throws. A byte array is borrowed for
 * the call alone. An address is a byte array of {@link ADDRESS_BYTES}: its length in 4 bytes, and then the `sockaddr`.
 */
export interface Native {
  accept(fd: number, address: Uint8Array): number;
  adopt(fd: number): number;
  bind(fd: number, address: Uint8Array): number;
  close(fd: number): number;
  connect(fd: number, address: Uint8Array): number;
  /** Another descriptor of a socket that listens, of any thread's. */
  duplicate(fd: number): number;
  epollControl(
    epoll: number,
    operation: number,
    fd: number,
    events: number,
    slot: number,
    generation: number,
  ): number;
  epollCreate(): number;
  epollWait(epoll: number, events: Uint8Array, timeoutMs: number): number;
  eventFd(): number;
  getOption(fd: number, level: number, name: number, value: Uint8Array): number;
  keepAlive(on: number): number;
  listen(fd: number, backlog: number): number;
  name(fd: number, ofPeer: number, address: Uint8Array): number;
  pipe(fds: Uint8Array): number;
  read(fd: number, bytes: Uint8Array, offset: number, length: number): number;
  readVectored(fd: number, buffers: readonly Uint8Array[]): number;
  receive(fd: number, bytes: Uint8Array, offset: number, length: number, flags: number): number;
  receiveFrom(
    fd: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    flags: number,
    address: Uint8Array,
  ): number;
  release(fd: number): number;
  send(fd: number, bytes: Uint8Array, offset: number, length: number, flags: number): number;
  sendFile(to: number, from: number, count: number): number;
  sendTo(
    fd: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    flags: number,
    address: Uint8Array,
  ): number;
  setOption(fd: number, level: number, name: number, value: Uint8Array): number;
  /** The number by which any thread can `signal` a counter. */
  share(fd: number): number;
  shutdown(fd: number, how: number): number;
  /** Adds 1 to a counter, of any thread's. */
  signal(id: number): number;
  socket(domain: number, type: number, protocol: number): number;
  socketPair(domain: number, type: number, fds: Uint8Array): number;
  timerFd(ms: number, everyMs: number): number;
  watch(epoll: number, callback: () => void): number;
  write(fd: number, bytes: Uint8Array, offset: number, length: number): number;
  writeVectored(fd: number, buffers: readonly Uint8Array[]): number;
}

/** The native layer, or why it is not to be had here. */
export type Loaded = { readonly native: Native } | { readonly reason: string };

let loaded: Loaded | undefined;

/** Loads the native layer, once in each thread. Never throws: the node reactor serves where this one does not load. */
export function loadNative(): Loaded {
  loaded ??= load();
  return loaded;
}

function load(): Loaded {
  const { platform, arch, versions } = process;
  if (platform !== "linux") return { reason: `epoll is Linux's, and this is ${platform}` };
  if ("bun" in versions || "deno" in versions)
    return { reason: "the epoll reactor runs in Node's loop, and this is not Node" };
  let native: Native;
  try {
    native = createRequire(import.meta.url)(`../../../native/bin/linux-${arch}.node`);
  } catch (error) {
    return { reason: `the native layer was not loaded: ${reasonOf(error)}` };
  }
  const refused = refusedCall(native);
  return refused === null ? { native } : { reason: refused };
}

/** A sandbox may refuse the calls themselves: why the reactor cannot run here, or `null` if it can. */
function refusedCall(native: Native): string | null {
  const epoll = native.epollCreate();
  if (epoll < 0) return `epoll_create1 is refused here (errno ${-epoll})`;
  const counter = native.eventFd();
  const registered = counter < 0 ? 0 : native.epollControl(epoll, EPOLL_CTL_ADD, counter, EPOLLIN, 0, 0);
  if (counter >= 0) native.close(counter);
  native.close(epoll);
  if (counter < 0) return `eventfd is refused here (errno ${-counter})`;
  return registered < 0 ? `epoll_ctl is refused here (errno ${-registered})` : null;
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "MODULE_NOT_FOUND") return `there is no binary for ${process.arch}, nor was one built`;
  if (code === "ERR_DLOPEN_DISABLED") return "Node was told to load no addons";
  return (message ?? String(error)).split("\n", 1)[0] ?? "";
}
