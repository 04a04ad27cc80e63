import { describe } from "../core/errors.ts";

/** What has events in the manner of Node, as far as it is used here. */
export interface EmitterLike {
  on(name: string | symbol, listener: (...args: unknown[]) => void): unknown;
  removeListener(name: string | symbol, listener: (...args: unknown[]) => void): unknown;
}

/** What has events in the manner of the Web, as far as it is used here. */
export interface EventTargetLike {
  addEventListener(name: string, listener: (event: unknown) => void): void;
  removeEventListener(name: string, listener: (event: unknown) => void): void;
}

type Listener = (...args: unknown[]) => void;

/**
 * The listeners that one waiter has on an emitter or an event target, of which none stays behind after {@link clear}.
 *
 * @internal
 */
export class Listeners {
  private readonly source: EmitterLike | EventTargetLike;
  private readonly all: { readonly name: string | symbol; readonly listener: Listener }[];

  constructor(source: EmitterLike | EventTargetLike) {
    this.source = source;
    this.all = [];
  }

  /** Whether `"error"` is an event like any other, as on an event target. */
  get isTarget(): boolean {
    return !isEmitter(this.source);
  }

  add(name: string | symbol, listener: Listener): void {
    const { source } = this;
    if (isEmitter(source)) source.on(name, listener);
    else source.addEventListener(name as string, listener);
    this.all.push({ name, listener });
  }

  clear(): void {
    const { source } = this;
    for (const { name, listener } of this.all.splice(0)) {
      if (isEmitter(source)) source.removeListener(name, listener);
      else source.removeEventListener(name as string, listener);
    }
  }
}

/** Of those that are both, Node's manner goes first, as in `node:events`. */
function isEmitter(source: EmitterLike | EventTargetLike): source is EmitterLike {
  const { on, removeListener } = source as Partial<EmitterLike>;
  return typeof on === "function" && typeof removeListener === "function";
}

/**
 * @throws TypeError for what has no events, or for no name of one
 * @internal
 */
export function checkEvents(who: string, source: unknown, name: unknown): void {
  const { addEventListener, removeEventListener } = (source ?? {}) as Partial<EventTargetLike>;
  const target = typeof addEventListener === "function" && typeof removeEventListener === "function";
  if (!target && !isEmitter((source ?? {}) as EmitterLike))
    throw new TypeError(`${who} needs an EventEmitter or an EventTarget, not ${describe(source)}`);
  if (typeof name !== "string" && typeof name !== "symbol")
    throw new TypeError(`${who} needs the name of an event, not ${describe(name)}`);
}

/**
 * @throws TypeError for what is no `AbortSignal`
 * @internal
 */
export function checkSignal(who: string, signal: AbortSignal | undefined): AbortSignal | null {
  if (signal === undefined) return null;
  if (typeof signal?.addEventListener !== "function")
    throw new TypeError(`the \`signal\` of ${who} must be an AbortSignal, not ${describe(signal)}`);
  return signal;
}
