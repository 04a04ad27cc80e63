import { Duplex as NodeStream } from "node:stream";
import { ClosedError, describe } from "../core/errors.ts";
import type { Duplex } from "../io/duplex.ts";
import { filled } from "./filled.ts";
import { asError, whenGivenUp } from "./node-teardown.ts";
import type { NodeDuplex } from "./node-types.ts";
import { Outside } from "./outside.ts";
import { closing, isReader, PullBytes } from "./pull.ts";
import { isWriter } from "./sink.ts";

type Callback = (error?: Error | null) => void;

class FromDuplex extends NodeStream {
  private readonly duplex: Duplex;
  private readonly reading: Outside;
  private readonly writing: Outside;

  constructor(duplex: Duplex) {
    super();
    this.duplex = duplex;
    this.reading = new Outside("toNodeDuplex");
    this.writing = new Outside("toNodeDuplex");
  }

  override _read(size: number): void {
    const buf = new Uint8Array(size);
    this.reading.run(new PullBytes(this.duplex, buf, false)).then(
      (count) => this.push(count === 0 ? null : filled(buf, count)),
      (error) => this.destroy(asError(error)),
    );
  }

  override _write(chunk: Uint8Array, _encoding: string, callback: Callback): void {
    this.writing.run(this.duplex.writeAll(chunk)).then(
      () => callback(),
      (error) => callback(asError(error)),
    );
  }

  override _final(callback: Callback): void {
    this.writing.run(this.duplex.shutdown()).then(
      () => callback(),
      (error) => callback(asError(error)),
    );
  }

  override _destroy(error: Error | null, callback: Callback): void {
    const reason = error ?? new ClosedError("the stream of Node");
    const what = "a duplex that was given to toNodeDuplex";
    const nothing = { cancel: () => undefined };
    const ending = this.reading
      .end(nothing, reason, what)
      .finally(() => this.writing.end(closing(this.duplex), reason, what));
    whenGivenUp(ending, error, callback);
  }
}

/**
 * A `Duplex` of Node over one of the library, such as a `TcpStream`, for what takes a socket. Its sides are independent: it
 * stays open for writing when the other side has ended (`allowHalfOpen`). Reads and writes run on the runtime of the task
 * that calls this, or on the default one.
 *
 * `end()` shuts the write side down. `destroy(error)` cancels what waits, with the error as the reason, and closes the
 * duplex; so does the end of both sides. A failure destroys it with the same error.
 *
 * @throws TypeError if it is not given a duplex of the library
 *
 * @example
 * ```ts
 * import { PassThrough } from "node:stream";
 * import { duplexFromNode, toNodeDuplex } from "pollux";
 *
 * const echo = toNodeDuplex(duplexFromNode(new PassThrough()));
 * echo.end("hello");
 * for await (const chunk of echo) console.log(chunk.toString()); // "hello"
 * ```
 */
export function toNodeDuplex(duplex: Duplex): NodeDuplex {
  if (!isReader(duplex) || !isWriter(duplex))
    throw new TypeError(`toNodeDuplex needs a Duplex, not ${describe(duplex)}`);
  return new FromDuplex(duplex);
}
