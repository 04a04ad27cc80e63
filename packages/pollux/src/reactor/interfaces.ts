import { isIPv4 } from "node:net";
import { networkInterfaces } from "node:os";

/** A network interface of this machine, as the calls for groups of each family want it. */
export interface NetworkInterface {
  /** Its first address of IPv4; `"0.0.0.0"` if it has none. */
  readonly address: string;
  /** Its number, as IPv6 has it; 0 if it is not known. */
  readonly index: number;
  readonly name: string;
}

/**
 * The interface of this name, or that has this address of IPv4.
 *
 * @throws RangeError if there is none
 */
export function interfaceOf(nameOrAddress: string): NetworkInterface {
  const all = networkInterfaces();
  for (const [name, addresses = []] of Object.entries(all)) {
    if (name !== nameOrAddress && !addresses.some(({ address }) => address === nameOrAddress)) continue;
    const v4 = addresses.find(({ family }) => family === "IPv4")?.address ?? "0.0.0.0";
    let index = 0;
    for (const info of addresses) if (info.family === "IPv6") index ||= info.scopeid;
    return { address: isIPv4(nameOrAddress) ? nameOrAddress : v4, index, name };
  }
  throw new RangeError(
    `there is no network interface ${JSON.stringify(nameOrAddress)}: ${Object.keys(all).join(", ")}`,
  );
}
