import { getSystemErrorName } from "node:util";

/** Where a failed call was about, for its error. */
export interface Where {
  readonly host: string;
  readonly port: number;
}

/**
 * The error of a system call that has failed, in Node's shape: `code`, `errno`, `syscall`, and where it was about an
 * address, `address` and `port`.
 *
 * @param result - `-errno`
 */
export function systemError(result: number, syscall: string, where?: Where): NodeJS.ErrnoException {
  const code = getSystemErrorName(result);
  const at = where === undefined ? "" : ` ${where.host}:${where.port}`;
  return Object.assign(new Error(`${syscall} ${code}${at}`), {
    errno: result,
    code,
    syscall,
    ...(where === undefined ? {} : { address: where.host, port: where.port }),
  });
}
