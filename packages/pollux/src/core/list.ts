/**
 * What an object must carry to stand in a {@link LinkedList}: its own links. A future that waits is its own node, so
 * that to queue, to leave from the middle and to be served are O(1) and allocate nothing.
 */
export interface Linked<N extends Linked<N>> {
  before: N | null;
  after: N | null;
  /** The list the node stands in. Only the list writes the three. */
  list: LinkedList<N> | null;
}

/**
 * Intrusive doubly linked list, first in first out.
 *
 * Invariant: `node.list === this` exactly while the node is linked here; a node stands in one list at a time.
 */
export class LinkedList<N extends Linked<N>> {
  first: N | null = null;
  last: N | null = null;
  size = 0;

  pushBack(node: N): void {
    const last = this.last;
    node.list = this;
    node.before = last;
    if (last === null) this.first = node;
    else last.after = node;
    this.last = node;
    this.size++;
  }

  pushFront(node: N): void {
    const first = this.first;
    node.list = this;
    node.after = first;
    if (first === null) this.last = node;
    else first.before = node;
    this.first = node;
    this.size++;
  }

  shift(): N | null {
    const first = this.first;
    if (first !== null) this.remove(first);
    return first;
  }

  /** Unlinks the node and says whether it stood here: leaving twice is harmless. */
  remove(node: N): boolean {
    if (node.list !== this) return false;
    const { before, after } = node;
    if (before === null) this.first = after;
    else before.after = after;
    if (after === null) this.last = before;
    else after.before = before;
    node.before = null;
    node.after = null;
    node.list = null;
    this.size--;
    return true;
  }

  /** Moves all nodes to a new list in O(n), so that they can be served while others queue here anew. */
  takeAll(): LinkedList<N> {
    const taken = new LinkedList<N>();
    for (let node = this.first; node !== null; node = node.after) node.list = taken;
    taken.first = this.first;
    taken.last = this.last;
    taken.size = this.size;
    this.first = null;
    this.last = null;
    this.size = 0;
    return taken;
  }

  *[Symbol.iterator](): Generator<N, void, void> {
    for (let node = this.first; node !== null; ) {
      const after: N | null = node.after;
      yield node;
      node = after;
    }
  }
}
