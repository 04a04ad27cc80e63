import { EventEmitter } from "node:events";

/** A response as far as `whileConnected` sees it. */
export class FakeResponse extends EventEmitter {
  writableFinished = false;
  destroyed = false;
}
