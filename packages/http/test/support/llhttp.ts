import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

/** What is used of the global, of which the types of Node have nothing. */
interface Wasm {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (
    module: object,
    imports: { env: Record<string, (...args: number[]) => number> },
  ) => {
    readonly exports: unknown;
  };
}

const { Module, Instance } = (globalThis as unknown as { WebAssembly: Wasm }).WebAssembly; // As above.

/** llhttp as WebAssembly, as undici carries it. */
interface Llhttp {
  readonly memory: { readonly buffer: ArrayBuffer };
  malloc(size: number): number;
  free(at: number): void;
  _initialize(): void;
  llhttp_alloc(type: number): number;
  llhttp_free(parser: number): void;
  llhttp_execute(parser: number, at: number, length: number): number;
}

const module = new Module(require("undici/lib/llhttp/llhttp-wasm.js"));

/** Of llhttp's `type_t` and `errno_t`. */
const REQUEST = 1;
const PAUSED_UPGRADE = 22;

/** A request, as llhttp reads it. */
export interface LlhttpRequest {
  target: string;
  fields: [name: string, value: string][];
  body: string;
  keepAlive: boolean;
}

export interface LlhttpResult {
  requests: LlhttpRequest[];
  /** Whether it has refused what came behind them. */
  refused: boolean;
}

/** The requests of a connection whose bytes come in these pieces. */
export function byLlhttp(pieces: readonly Uint8Array[]): LlhttpResult {
  const requests: LlhttpRequest[] = [];
  let now: LlhttpRequest = { target: "", fields: [], body: "", keepAlive: false };
  let hasValue = true;
  let upgrades = false;
  const text = (at: number, length: number): string =>
    Buffer.from(llhttp.memory.buffer, at, length).toString("latin1");
  const instance = new Instance(module, {
    env: {
      wasm_on_message_begin: () => {
        now = { target: "", fields: [], body: "", keepAlive: false };
        hasValue = true;
        return 0;
      },
      wasm_on_url: (_: number, at: number, length: number) => {
        now.target += text(at, length);
        return 0;
      },
      wasm_on_status: () => 0,
      wasm_on_header_field: (_: number, at: number, length: number) => {
        if (hasValue) now.fields.push(["", ""]);
        hasValue = false;
        const last = now.fields.at(-1) as [string, string]; // Just put there.
        last[0] += text(at, length).toLowerCase();
        return 0;
      },
      wasm_on_header_value: (_: number, at: number, length: number) => {
        hasValue = true;
        const last = now.fields.at(-1) as [string, string]; // A name comes first.
        last[1] += text(at, length);
        return 0;
      },
      wasm_on_headers_complete: (_: number, _status: number, upgrade: number, keepAlive: number) => {
        upgrades = upgrade !== 0;
        now.keepAlive = keepAlive !== 0;
        return upgrades ? 2 : 0;
      },
      wasm_on_body: (_: number, at: number, length: number) => {
        now.body += text(at, length);
        return 0;
      },
      wasm_on_message_complete: () => {
        // The whitespace at its end belongs to no value (RFC 9110, 5.5).
        for (const field of now.fields) field[1] = field[1].replace(/[ \t]+$/, "");
        requests.push(now);
        return 0;
      },
    },
  });
  const llhttp = instance.exports as unknown as Llhttp; // What undici calls.
  llhttp._initialize?.();
  const parser = llhttp.llhttp_alloc(REQUEST);
  let refused = false;
  for (const piece of pieces) {
    const at = llhttp.malloc(piece.length);
    new Uint8Array(llhttp.memory.buffer, at, piece.length).set(piece);
    const code = llhttp.llhttp_execute(parser, at, piece.length);
    llhttp.free(at);
    if (code === PAUSED_UPGRADE || upgrades) break;
    if (code !== 0) {
      refused = true;
      break;
    }
  }
  llhttp.llhttp_free(parser);
  return { requests, refused };
}
