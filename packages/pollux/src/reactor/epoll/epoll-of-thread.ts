import { UnsupportedError } from "../../core/errors.ts";
import { Epoll } from "./epoll.ts";
import { loadNative, type Native } from "./native.ts";

let epoll: Epoll | undefined;

/**
 * That of this thread, made when it is asked for first.
 *
 * @throws the system's error: `EMFILE`, `ENOMEM`
 */
export function epollOfThread(native: Native): Epoll {
  epoll ??= new Epoll(native);
  return epoll;
}

/**
 * The system calls.
 *
 * @throws UnsupportedError where they are not to be had
 */
export function requireNative(what: string): Native {
  const loaded = loadNative();
  if ("native" in loaded) return loaded.native;
  throw new UnsupportedError(what, `${loaded.reason}; it needs Linux and the native layer`);
}
