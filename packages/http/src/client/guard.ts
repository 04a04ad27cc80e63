import { Deadline, type Timers } from "../deadline.ts";
import { HttpError } from "../http-error.ts";
import type { ActiveRequest } from "./client-state.ts";
import type { Outgoing } from "./outgoing.ts";

/**
 * What gives a request up, from its beginning to the end of its response: its signal, and the time for all of it.
 *
 * @internal
 */
export class Guard {
  private target: ActiveRequest;
  private readonly signal: AbortSignal | null;
  private readonly onAbort: () => void;
  private readonly deadline: Deadline | null;

  private constructor({ signal, requestTimeout }: Outgoing, timers: Timers, target: ActiveRequest) {
    this.target = target;
    this.signal = signal;
    this.onAbort = () => this.target.stop(signal?.reason);
    signal?.addEventListener("abort", this.onAbort);
    if (requestTimeout === Number.POSITIVE_INFINITY) {
      this.deadline = null;
      return;
    }
    this.deadline = new Deadline(() =>
      this.target.stop(
        new HttpError(504, "HTTP_REQUEST_TIMEOUT", `the request took more than ${requestTimeout} ms`),
      ),
    );
    this.deadline.set(timers, timers.now() + requestTimeout);
  }

  /** `null` for a request that has neither. */
  static of(request: Outgoing, timers: Timers, target: ActiveRequest): Guard | null {
    const { signal, requestTimeout } = request;
    if (signal === null && requestTimeout === Number.POSITIVE_INFINITY) return null;
    return new Guard(request, timers, target);
  }

  /** It is this that is given up from now on. */
  moveTo(target: ActiveRequest): void {
    this.target = target;
  }

  end(): void {
    this.deadline?.end();
    this.signal?.removeEventListener("abort", this.onAbort);
  }
}
