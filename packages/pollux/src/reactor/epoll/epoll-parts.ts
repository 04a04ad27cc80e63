import type { LinkedList } from "../../core/list.ts";
import type { BaseSource } from "../base-source.ts";
import type { Epoll } from "./epoll.ts";

/** What the sources of one reactor share. */
export interface EpollParts {
  readonly epoll: Epoll;
  /** Those that are open. */
  readonly sources: LinkedList<BaseSource>;
}
