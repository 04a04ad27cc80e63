import { type Duplex, type Future, failed, UnsupportedError } from "pollux";
import type { ClientTlsOptions } from "./client-options.ts";

/** Speaks TLS over a stream, as a client, for HTTP/1.1. */
export function secure(_stream: Duplex, _host: string, _options: ClientTlsOptions): Future<Duplex> {
  return failed(new UnsupportedError("https:", "there is no TLS"));
}
