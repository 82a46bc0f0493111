import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { Heap } from "../../src/dispatch/heap.js";

interface Item {
  heapIndex: number;
  rank: number;
  readonly number: number;
}

test("whatever is added, removed and moved, the first is the least", () => {
  const step = fc.record({
    do: fc.constantFrom("add", "add", "remove", "move"),
    pick: fc.nat(50),
    rank: fc.nat(9),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const isBefore = (a: Item, b: Item) => (a.rank === b.rank ? a.number < b.number : a.rank < b.rank);
      const heap = new Heap(isBefore);
      const items: Item[] = [];
      let added = 0;
      for (const { do: what, pick, rank } of steps) {
        const picked = items[pick % Math.max(items.length, 1)];
        if (what === "add") {
          const item = { heapIndex: -1, rank, number: ++added };
          items.push(item);
          heap.add(item);
        } else if (what === "remove" && picked !== undefined) {
          items.splice(items.indexOf(picked), 1);
          heap.remove(picked);
          expect(picked.heapIndex).toBe(-1);
        } else if (picked !== undefined) {
          picked.rank = rank;
          heap.moved(picked);
        }
        expect(heap.first).toBe([...items].sort((a, b) => (isBefore(a, b) ? -1 : 1))[0]);
      }
    }),
  );
});
