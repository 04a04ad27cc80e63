import type { Future } from "../core/future.ts";
import type { InspectionTarget } from "../core/inspection.ts";
import type { UnixListenOptions } from "../reactor/options.ts";
import type { UnixListenerSource, UnixStreamSource } from "../reactor/source.ts";
import { checkWhole } from "./check.ts";
import { checkUnixPath } from "./check-path.ts";
import { Listener } from "./listener.ts";
import { localReactor } from "./local-reactor.ts";
import { Open } from "./open.ts";
import { UnixStream } from "./unix-stream.ts";

/** How a listener is made at a path that is given apart. */
export type UnixListenSettings = Omit<UnixListenOptions, "path">;

/**
 * A socket that listens for connections of this machine's processes.
 *
 * Its file is made by `bind`, which fails with `EADDRINUSE` if there is one at the path, also one that a process has left
 * behind that was killed: nothing is removed then, since it may be in use. `close` removes the file. An abstract name
 * (`"\0name"`, Linux) has no file, and is free as soon as nobody has it.
 */
export class UnixListener extends Listener<UnixStream, UnixStreamSource, UnixListenerSource> {
  /** Where it listens. */
  readonly path: string;

  private constructor(source: UnixListenerSource, path: string) {
    super(source);
    this.path = path;
  }

  /**
   * Opens a listening socket at a path, or at an abstract name, which begins with `"\0"`.
   *
   * Fails with the system's error: `EADDRINUSE`, `EACCES`, `ENOENT` for a folder that there is not, `EMFILE`.
   *
   * **Cancel safety.** Safe: the socket is closed again.
   *
   * @throws TypeError, RangeError for options that make no sense, and for a path that is too long (107 bytes)
   */
  static override bind(options: UnixListenOptions): Future<UnixListener>;
  static override bind(path: string, settings?: UnixListenSettings): Future<UnixListener>;
  static override bind(
    target: UnixListenOptions | string,
    settings: UnixListenSettings = {},
  ): Future<UnixListener> {
    const options =
      typeof target === "object" && target !== null ? { ...target } : { ...settings, path: target };
    checkUnixPath(options.path, "UnixListener.bind");
    checkWhole("backlog", options.backlog, 1, "connections");
    checkWhole("maxUnaccepted", options.maxUnaccepted, 1, "connections");
    return new Open({
      what: "UnixListener.bind()",
      op: `bind to ${JSON.stringify(options.path)}`,
      make: (runtime) => localReactor(runtime, "UnixListener").unixListener(options),
      poll: (source, cx) => source.pollListen(cx),
      done: (source) => new UnixListener(source, options.path),
    });
  }

  /** @internal */
  override get inspected(): InspectionTarget {
    return { kind: "Unix listener", name: JSON.stringify(this.path), key: this };
  }

  /** @internal */
  protected override connectionOf(source: UnixStreamSource): UnixStream {
    return new UnixStream(source);
  }
}
