import type { Future } from "../../core/future.ts";
import { TcpListener } from "../../net/tcp-listener.ts";
import { CancellationToken } from "../../sync/cancellation-token.ts";
import type { SharedListener, ThreadData } from "./messages.ts";

/**
 * One of several {@link RuntimeThreads}, as the coroutine that runs in it sees it.
 *
 * @typeParam D - what the threads are given
 */
export class RuntimeThread<D = unknown> {
  /** Which of the threads it is, from 0 on. One that takes another's place has its number. */
  readonly number: number;
  /** How many have had this number before. */
  readonly generation: number;
  /** A copy of what the threads were given. */
  readonly data: D;
  /** Cancelled when the thread is to end: accept nothing new, and finish what has begun. */
  readonly stopping: CancellationToken;
  private readonly shared: SharedListener | null;
  private readonly onReady: () => void;

  /** @internal */
  constructor({ number, generation, data, listener }: ThreadData, onReady: () => void) {
    this.number = number;
    this.generation = generation;
    this.data = data as D; // Whoever starts the threads and whoever writes the coroutine agree on the type.
    this.stopping = new CancellationToken({ name: `end of thread ${number}` });
    this.shared = listener;
    this.onReady = onReady;
  }

  /**
   * Listens where the threads were told to (`listen`). Connections are divided among the threads.
   *
   * Fails as {@link TcpListener.bind}.
   *
   * **Cancel safety.** Safe: what was opened is closed again.
   *
   * @throws TypeError if the threads were given no `listen`
   */
  listener(): Future<TcpListener> {
    const { shared } = this;
    if (shared === null)
      throw new TypeError(
        "these threads were not told where to listen: give RuntimeThreads.start a `listen`",
      );
    const { options, fd } = shared;
    return fd === null
      ? TcpListener.bind({ ...options, reusePort: true, exclusive: true })
      : TcpListener.share(fd, options);
  }

  /** Says that the thread can do its work: whoever started it, or replaces another by it, waits for that. */
  ready(): void {
    this.onReady();
  }
}
