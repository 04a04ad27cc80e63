import type { TcpListenOptions } from "../options.ts";
import { systemError } from "../system-error.ts";
import { AF_INET6, IPPROTO_IPV6, IPV6_V6ONLY, SOCK_STREAM } from "./constants.ts";
import type { Native } from "./native.ts";
import { ADDRESS_BYTES, encodeAddress } from "./socket-address.ts";
import { setInteger, setOption, setOptions } from "./socket-options.ts";

/** Node's own default. */
const BACKLOG = 511;

/**
 * Opens a socket that listens, and that nobody accepts from yet.
 *
 * @param host - an address
 * @throws the system's error, nothing being open then: `EADDRINUSE`, `EACCES`, `EADDRNOTAVAIL`, `EMFILE`
 */
export function listenTcp(
  native: Native,
  host: string,
  options: TcpListenOptions,
): { readonly fd: number; readonly family: number } {
  const { port, backlog = BACKLOG, ipv6Only = false } = options;
  const address = new Uint8Array(ADDRESS_BYTES);
  const family = encodeAddress(host, port, address);
  const fd = native.socket(family, SOCK_STREAM, 0);
  if (fd < 0) throw systemError(fd, "socket", { host, port });
  try {
    const socket = { native, fd, family };
    // As Node has it: a port whose old connections are not quite gone can be had again.
    if (options.reuseAddress === undefined) setOption(socket, "reuseAddress", true);
    setOptions(socket, options);
    if (family === AF_INET6) setInteger(socket, IPPROTO_IPV6, IPV6_V6ONLY, ipv6Only ? 1 : 0);
    let result = native.bind(fd, address);
    if (result >= 0) result = native.listen(fd, backlog);
    if (result < 0) throw systemError(result, "listen", { host, port });
    return { fd, family };
  } catch (error) {
    native.close(fd);
    throw error;
  }
}
