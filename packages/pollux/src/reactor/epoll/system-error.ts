import { getSystemErrorName } from "node:util";

/** Where a failed call was about, for its error. */
export type Where = { readonly host: string; readonly port: number } | { readonly path: string };

/**
 * The error of a system call that has failed, in Node's shape: `code`, `errno`, `syscall`, and where it was about an
 * address, `address` and `port`; the path of a Unix socket is its `address`.
 *
 * @param result - `-errno`
 */
export function systemError(result: number, syscall: string, where?: Where): NodeJS.ErrnoException {
  const code = getSystemErrorName(result);
  const error = Object.assign(new Error(`${syscall} ${code}`), { errno: result, code, syscall });
  if (where === undefined) return error;
  if ("path" in where) {
    error.message += ` ${where.path}`;
    return Object.assign(error, { address: where.path });
  }
  error.message += ` ${where.host}:${where.port}`;
  return Object.assign(error, { address: where.host, port: where.port });
}
