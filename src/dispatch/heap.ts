// A binary heap whose items know their place in it, so that one whose rank has changed is moved and one that leaves is
// taken out in logarithmic time. Knows nothing of what it ranks.

/** What a heap can hold; an item is in one heap at a time. */
export interface HeapItem {
  /** Belongs to the heap alone; -1 outside. */
  heapIndex: number;
}

export class Heap<Item extends HeapItem> {
  readonly #isBefore: (a: Item, b: Item) => boolean;
  readonly #items: Item[] = [];

  /** `isBefore` must put any two items in an order. */
  constructor(isBefore: (a: Item, b: Item) => boolean) {
    this.#isBefore = isBefore;
  }

  get first(): Item | undefined {
    return this.#items[0];
  }

  add(item: Item): void {
    item.heapIndex = this.#items.length;
    this.#items.push(item);
    this.moved(item);
  }

  remove(item: Item): void {
    const index = item.heapIndex;
    const last = this.#items.pop();
    item.heapIndex = -1;
    if (last === undefined || last === item) return;
    this.#put(last, index);
    this.moved(last);
  }

  /** The rank of an item that is in has changed. */
  moved(item: Item): void {
    let index = item.heapIndex;
    for (;;) {
      const parentIndex = (index - 1) >> 1;
      const parent = this.#items[parentIndex];
      if (index === 0 || parent === undefined || !this.#isBefore(item, parent)) break;
      this.#put(parent, index);
      index = parentIndex;
    }
    for (;;) {
      const leftIndex = 2 * index + 1;
      const left = this.#items[leftIndex];
      if (left === undefined) break;
      const right = this.#items[leftIndex + 1];
      const isRight = right !== undefined && this.#isBefore(right, left);
      const child = isRight ? right : left;
      if (!this.#isBefore(child, item)) break;
      this.#put(child, index);
      index = isRight ? leftIndex + 1 : leftIndex;
    }
    this.#put(item, index);
  }

  #put(item: Item, index: number): void {
    this.#items[index] = item;
    item.heapIndex = index;
  }
}
