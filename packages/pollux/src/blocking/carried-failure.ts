/** What a function has thrown, as it passes from thread to thread: a structured clone alone loses most of an error. */
export type CarriedFailure =
  | { readonly isError: false; readonly value: unknown }
  | {
      readonly isError: true;
      /** The nearest class of JavaScript's own that the error is of. */
      readonly base: string;
      readonly name: string;
      readonly message: string;
      readonly stack: string;
      /** `code` and the like. */
      readonly properties: Readonly<Record<string, unknown>>;
      readonly cause: CarriedFailure | null;
      /** Of an `AggregateError` and its kin. */
      readonly errors: readonly CarriedFailure[] | null;
    };

/**
 * Packs what was thrown. Never throws: what cannot be cloned becomes a text.
 *
 * It is sent to threads as text, so it uses nothing from outside of itself. A cause of a cause … is packed to a depth of 8.
 */
export function packFailure(thrown: unknown): CarriedFailure {
  const cloned = (value: unknown): unknown => {
    try {
      return structuredClone(value);
    } catch {
      return typeof value === "object" ? Object.prototype.toString.call(value) : String(value);
    }
  };
  const pack = (value: unknown, depth: number): CarriedFailure => {
    if (!(value instanceof Error)) return { isError: false, value: cloned(value) };
    // As text: a clone may have the causes that are still to come, and they may go round.
    if (depth === 8) return { isError: false, value: String(value) };
    const properties: Record<string, unknown> = {};
    let errors: CarriedFailure[] | null = null;
    for (const key of Object.getOwnPropertyNames(value)) {
      if (["name", "message", "stack", "cause"].includes(key)) continue;
      const own: unknown = Reflect.get(value, key);
      if (key === "errors" && Array.isArray(own)) errors = own.map((each) => pack(each, depth + 1));
      else properties[key] = cloned(own);
    }
    let base = "Error";
    for (let at: object | null = Object.getPrototypeOf(value); at !== null; at = Object.getPrototypeOf(at)) {
      const made: unknown = at.constructor;
      if (typeof made === "function" && Reflect.get(globalThis, made.name) === made) {
        base = made.name;
        break;
      }
    }
    return {
      isError: true,
      base,
      name: String(value.name),
      message: String(value.message),
      stack: String(value.stack),
      properties,
      cause: "cause" in value && value.cause !== undefined ? pack(value.cause, depth + 1) : null,
      errors,
    };
  };
  try {
    return pack(thrown, 0);
  } catch (error) {
    // A getter of the error's own has thrown.
    return { isError: false, value: `an error that cannot be read: ${String(error)}` };
  }
}

/**
 * Makes an error again of what was packed: of the nearest class of JavaScript's own, with the name, the code and the
 * stack that it had. Sent as text too.
 *
 * @param callSite - lines to go on below those of the other thread
 */
export function unpackFailure(carried: CarriedFailure, callSite: string): unknown {
  if (!carried.isError) return carried.value;
  const bases: Record<string, ErrorConstructor> = {
    EvalError,
    RangeError,
    ReferenceError,
    SyntaxError,
    TypeError,
    URIError,
  };
  const error = new (bases[carried.base] ?? Error)(carried.message);
  const define = (key: string, value: unknown, enumerable: boolean): void => {
    Object.defineProperty(error, key, { value, enumerable, writable: true, configurable: true });
  };
  if (error.name !== carried.name) define("name", carried.name, false);
  for (const [key, value] of Object.entries(carried.properties)) define(key, value, true);
  if (carried.cause !== null) define("cause", unpackFailure(carried.cause, ""), false);
  if (carried.errors !== null)
    define(
      "errors",
      carried.errors.map((each) => unpackFailure(each, "")),
      false,
    );
  define("stack", callSite === "" ? carried.stack : `${carried.stack}\n${callSite}`, false);
  return error;
}
