import { channel } from "node:diagnostics_channel";
import type { ClientResponse } from "./client-response.ts";
import type { Reception } from "./reception.ts";

/** What the channel `pollux:http:client:unread` tells. */
export interface UnreadResponse {
  readonly method: string;
  readonly url: string;
}

const unread = channel("pollux:http:client:unread");

/**
 * Responses that the garbage collector finds while they hold a connection: mistakes, of which nothing but this tells.
 *
 * The request itself knows nothing of its response: so that it does not keep it alive.
 */
const registry = new FinalizationRegistry<Reception>((reception) => {
  if (reception.isOver || reception.isAwaited) return;
  const { method, url } = reception.request;
  unread.publish({ method, url } satisfies UnreadResponse);
});

/** @internal */
export function watchUnread(response: ClientResponse, reception: Reception): void {
  if (unread.hasSubscribers) registry.register(response, reception);
}
