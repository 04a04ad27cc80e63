import { InvalidDataError } from "../core/errors.ts";

/** How bytes become text. */
export interface TextOptions {
  /** Whether bytes that are no UTF-8 are an error, `InvalidDataError`; else they become U+FFFD. `true` unless said otherwise. */
  fatal?: boolean;
}

// A byte order mark is kept, as any other character: so n ASCII characters, and no others, come from n bytes.
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const lenient = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });
const encoder = new TextEncoder();

/** @internal */
export function isFatal(options: TextOptions | undefined): boolean {
  const fatal = options?.fatal ?? true;
  if (typeof fatal !== "boolean") throw new TypeError(`fatal must be true or false, not ${typeof fatal}`);
  return fatal;
}

/**
 * @throws InvalidDataError if it is fatal that they are no UTF-8
 *
 * @internal
 */
export function decodeUtf8(bytes: Uint8Array, fatal: boolean, what: string): string {
  if (!fatal) return lenient.decode(bytes);
  try {
    return strict.decode(bytes);
  } catch (error) {
    throw new InvalidDataError(`${what} is not valid UTF-8: say \`fatal: false\`, or read it as bytes`, {
      cause: error,
    });
  }
}

/** @internal */
export function encodeUtf8(text: string): Uint8Array {
  return encoder.encode(text);
}
