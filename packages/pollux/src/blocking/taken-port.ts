import { MessageChannel, type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import { PROBE } from "./cross-messages.ts";

/** How often it is asked whether the far end is there, in ms. */
const PROBE_EVERY = 1_000;

/** What is told of a port; as its events would. */
export interface PortEvents {
  onMessage(message: unknown): void;
  onMessageError(error: unknown): void;
  onGone(): void;
}

/** Whether `postMessage` says that somebody is at the far end; found out once. */
let tells: boolean | null = null;

function post(port: MessagePort): boolean {
  // Typed as if it gave nothing.
  return (port.postMessage(PROBE) as unknown) === true;
}

function doesTell(): boolean {
  if (tells !== null) return tells;
  const { port1, port2 } = new MessageChannel();
  tells = post(port1);
  port1.close();
  port2.close();
  return tells;
}

/**
 * A port whose messages are taken out by hand, where Node's loop does not turn to bring them.
 *
 * That the far end is gone, only an event would tell, which comes in Node's loop. But `postMessage` gives `true` while there
 * is one, on every Node that we know. It is not documented: where it gives nothing, a dead thread goes unnoticed.
 */
export class TakenPort {
  private readonly port: MessagePort;
  private readonly events: PortEvents;
  private probed: number;

  constructor(port: MessagePort, events: PortEvents) {
    this.port = port;
    this.events = events;
    this.probed = Number.NEGATIVE_INFINITY;
  }

  /** Takes what has come. */
  take(): void {
    for (;;) {
      let received: { message: unknown } | undefined;
      try {
        received = receiveMessageOnPort(this.port);
      } catch (error) {
        this.events.onMessageError(error);
        continue;
      }
      if (received === undefined) return;
      this.events.onMessage(received.message);
    }
  }

  /** As {@link take}; and asks, now and then, whether the far end is there. */
  look(): void {
    const now = performance.now();
    let isGone = false;
    if (now - this.probed >= PROBE_EVERY) {
      this.probed = now;
      isGone = doesTell() && !post(this.port);
    }
    // What it had sent before it went comes first.
    this.take();
    if (isGone) this.events.onGone();
  }
}
