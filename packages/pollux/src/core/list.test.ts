import fc from "fast-check";
import { expect, test } from "vitest";
import { type Linked, LinkedList } from "./list.ts";

class Node implements Linked<Node> {
  before: Node | null = null;
  after: Node | null = null;
  list: LinkedList<Node> | null = null;
}

test("LinkedList: does what an array does, whatever the order of operations", () => {
  const operation = fc.oneof(
    fc.record({ op: fc.constantFrom("pushBack", "pushFront", "remove"), i: fc.nat(9) }),
    fc.record({ op: fc.constantFrom("shift", "takeAll"), i: fc.constant(0) }),
  );
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
      const nodes = Array.from({ length: 10 }, () => new Node());
      let list = new LinkedList<Node>();
      let model: Node[] = [];
      for (const { op, i } of operations) {
        const node = nodes[i] as Node;
        const linked = model.includes(node);
        if (op === "pushBack" && !linked) {
          list.pushBack(node);
          model.push(node);
        } else if (op === "pushFront" && !linked) {
          list.pushFront(node);
          model.unshift(node);
        } else if (op === "remove") {
          expect(list.remove(node)).toBe(linked);
          model = model.filter((each) => each !== node);
        } else if (op === "shift") {
          expect(list.shift()).toBe(model.shift() ?? null);
        } else if (op === "takeAll") {
          const taken = list.takeAll();
          expect([list.size, list.first, list.last]).toEqual([0, null, null]);
          for (const each of model) expect(list.remove(each)).toBe(false);
          list = taken;
        }
        expect([...list]).toEqual(model);
        expect([list.size, list.first, list.last]).toEqual([
          model.length,
          model[0] ?? null,
          model.at(-1) ?? null,
        ]);
        for (const each of nodes) expect(each.list === list).toBe(model.includes(each));
        const backwards: Node[] = [];
        for (let at = list.last; at !== null; at = at.before) backwards.push(at);
        expect(backwards.reverse()).toEqual(model);
      }
    }),
  );
});

test("LinkedList: the node at hand may leave while the list is walked", () => {
  const list = new LinkedList<Node>();
  for (let i = 0; i < 5; i++) list.pushBack(new Node());
  for (const node of list) list.remove(node);
  expect(list.size).toBe(0);
});
