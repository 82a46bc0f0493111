import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { Deadlines, Expiring } from "../../src/dispatch/deadlines.js";
import { createVirtualClock } from "../../src/testing/virtual-clock.js";

class Entry extends Expiring {
  constructor(readonly name: number) {
    super();
  }
}

const bucketMs = 5;

const step = fc.oneof(
  fc.record({
    do: fc.constant("add" as const),
    name: fc.nat(9),
    inMs: fc.double({ min: -20, max: 200, noNaN: true }),
  }),
  fc.record({ do: fc.constant("remove" as const), name: fc.nat(9) }),
  fc.record({ do: fc.constant("advance" as const), ms: fc.double({ min: 0, max: 60, noNaN: true }) }),
);

describe("Deadlines", () => {
  test("agrees with a list of due times: nothing early, nothing later than a bucket, nothing twice", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const clock = createVirtualClock(17.3);
        const dueMs = new Map<number, number>();
        const entries = Array.from({ length: 10 }, (_, name) => new Entry(name));
        const deadlines = new Deadlines<Entry>(clock, ({ name }) => {
          const due = dueMs.get(name);
          expect(due).toBeDefined();
          expect(clock.now()).toBeGreaterThanOrEqual(due ?? Infinity);
          dueMs.delete(name);
        });
        for (const current of steps) {
          if (current.do === "advance") {
            clock.advance(current.ms);
          } else {
            const entry = entries[current.name];
            if (entry === undefined) continue;
            if (current.do === "add") {
              const atMs = clock.now() + current.inMs;
              dueMs.set(current.name, atMs);
              deadlines.add(entry, atMs);
            } else {
              dueMs.delete(current.name);
              deadlines.remove(entry);
            }
          }
          for (const atMs of dueMs.values()) {
            if (current.do === "advance") expect(atMs).toBeGreaterThan(clock.now() - bucketMs - 1);
          }
        }
        clock.advance(1000);
        expect(dueMs.size).toBe(0);
      }),
      { numRuns: 300 },
    );
  });

  test("an entry may be added and removed from inside an expiry", () => {
    const clock = createVirtualClock();
    const heard: number[] = [];
    const [one, two, three] = [new Entry(1), new Entry(2), new Entry(3)];
    const deadlines: Deadlines<Entry> = new Deadlines<Entry>(clock, (entry) => {
      heard.push(entry.name);
      if (entry === one) deadlines.remove(two);
      if (heard.length === 1) deadlines.add(three, clock.now());
    });
    deadlines.add(one, 10);
    deadlines.add(two, 12);
    clock.advance(100);
    expect(heard).toEqual([1, 3]);
  });

  test("Infinity is never, and dispose gives the timer back", () => {
    const clock = createVirtualClock();
    const heard: number[] = [];
    const deadlines = new Deadlines<Entry>(clock, (entry) => heard.push(entry.name));
    deadlines.add(new Entry(1), Infinity);
    expect(clock.timerCount).toBe(0);
    deadlines.add(new Entry(2), 50);
    deadlines.dispose();
    expect(clock.timerCount).toBe(0);
    clock.advance(100);
    expect(heard).toEqual([]);
  });

  test("one timer for any number of entries", () => {
    const clock = createVirtualClock();
    const deadlines = new Deadlines<Entry>(clock, () => undefined);
    for (let n = 0; n < 100; n++) deadlines.add(new Entry(n), 1000 - n * 3);
    expect(clock.timerCount).toBe(1);
  });
});
