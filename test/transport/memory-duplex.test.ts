import { describe, expect, test } from "@jest/globals";
import { createMemoryPair } from "../../src/transport/memory-duplex.js";
import { rawPeer } from "../support/duplex-pairs.js";

/** A schedule that a test steps by hand. */
function handSchedule() {
  const waiting: (() => void)[] = [];
  return {
    schedule: (run: () => void) => void waiting.push(run),
    run() {
      while (waiting.length > 0) waiting.shift()?.();
    },
    steps: () => waiting.length,
  };
}

describe("the memory twin", () => {
  test("moves nothing inside a call and everything on the given schedule", () => {
    const hand = handSchedule();
    const [left, right] = createMemoryPair({ schedule: hand.schedule });
    const from = rawPeer(left);
    const to = rawPeer(right);
    void from.write(Uint8Array.of(1, 2, 3));
    expect(to.received()).toHaveLength(0);
    hand.run();
    expect([...to.received()]).toEqual([1, 2, 3]);
  });

  test("cuts chunks where the given randomness says, and keeps their order", () => {
    const hand = handSchedule();
    const seen: number[] = [];
    const random = () => 0.3;
    const [left, right] = createMemoryPair({ schedule: hand.schedule, random });
    let chunks = 0;
    right.attach({
      data: (chunk) => {
        chunks++;
        seen.push(...chunk);
      },
      drain: () => undefined,
      end: () => undefined,
      close: () => undefined,
    });
    right.resume();
    const bytes = Uint8Array.from({ length: 100 }, (_, i) => i);
    left.write(bytes, () => undefined);
    hand.run();
    expect(seen).toEqual([...bytes]);
    expect(chunks).toBeGreaterThan(5);
  });

  test("says false above its limit, takes the bytes all the same, and says when it is empty", () => {
    const hand = handSchedule();
    const [left, right] = createMemoryPair({ schedule: hand.schedule, queueBytes: 10 });
    let drains = 0;
    let done = 0;
    left.attach({
      data: () => undefined,
      drain: () => drains++,
      end: () => undefined,
      close: () => undefined,
    });
    const peer = rawPeer(right, { reads: false });
    expect(left.write(new Uint8Array(10), () => done++)).toBe(true);
    expect(left.write(new Uint8Array(1), () => done++)).toBe(false);
    hand.run();
    expect([done, drains]).toEqual([0, 0]);
    peer.resume();
    hand.run();
    expect([done, drains]).toEqual([2, 1]);
    expect(peer.received()).toHaveLength(11);
  });

  test("gives the reader its own copy: the writer may use its bytes again", () => {
    const hand = handSchedule();
    const [left, right] = createMemoryPair({ schedule: hand.schedule });
    const kept: Uint8Array[] = [];
    right.attach({
      data: (chunk) => kept.push(chunk),
      drain: () => undefined,
      end: () => undefined,
      close: () => undefined,
    });
    right.resume();
    const bytes = Uint8Array.of(1, 2);
    left.write(bytes, () => bytes.fill(9));
    hand.run();
    expect([...(kept[0] ?? [])]).toEqual([1, 2]);
  });
});
