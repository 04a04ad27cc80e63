import type { Socket } from "node:net";
import type { LinkedList } from "../../core/list.ts";
import type { Poll } from "../../core/poll.ts";
import type { BaseSource } from "../base-source.ts";
import type { ByteSource } from "../source.ts";
import { NodeByteStream } from "./node-byte-stream.ts";

/** A pipe that is open. */
export class NodePipe extends NodeByteStream implements ByteSource {
  constructor(sources: LinkedList<BaseSource>, socket: Socket) {
    super(sources, "pipe");
    this.attach(socket);
    this.onConnect(socket);
  }

  protected override tryConnect(): Poll<void> {
    // It is open from the beginning.
  }
}
