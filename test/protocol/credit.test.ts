// Credit, rule by rule. What a whole run of it has to add up to is in credit-random.test.ts.

import { describe, expect, test } from "@jest/globals";
import { AckPolicy, maxUnackedBytes, StreamCredit } from "../../src/protocol/credit.js";

/** A credit whose first `count` chunks were sent, one byte each. */
function sent(window: number, count: number): StreamCredit {
  const credit = new StreamCredit(window);
  for (let n = 0; n < count; n++) credit.send(1);
  return credit;
}

describe("what may be sent", () => {
  test("StreamStart grants as many chunks as its window, from 0", () => {
    const credit = new StreamCredit(3);
    expect([credit.send(1), credit.send(1)]).toEqual([0, 1]);
    expect(credit.maySend(1)).toBe(true);
    expect(credit.send(1)).toBe(2);
    expect([credit.hasWindow, credit.maySend(0)]).toEqual([false, false]);
    expect([credit.chunks, credit.unackedChunks, credit.unackedBytes]).toEqual([3, 3, 3]);
  });

  test("the example of the protocol: acks are absolute, and a window of 0 pauses", () => {
    const credit = sent(16, 16);
    const upTo = (): number => {
      while (credit.maySend(1)) credit.send(1);
      return credit.chunks - 1;
    };
    expect(credit.acknowledge(7, 16)).toBeNull();
    expect(upTo()).toBe(23);
    expect(credit.acknowledge(9, 0)).toBeNull();
    expect(upTo()).toBe(23);
    expect(credit.acknowledge(15, 16)).toBeNull();
    expect(upTo()).toBe(31);
  });

  test("the same ack again opens a window that was shut, and takes nothing twice", () => {
    const credit = sent(2, 2);
    expect(credit.acknowledge(1, 0)).toBeNull();
    expect([credit.hasWindow, credit.unackedChunks]).toEqual([false, 0]);
    expect(credit.acknowledge(1, 2)).toBeNull();
    expect([credit.hasWindow, credit.unackedChunks, credit.unackedBytes]).toEqual([true, 0, 0]);
  });

  test("1 MiB may be unacknowledged, and no byte more; a larger chunk travels alone", () => {
    const credit = new StreamCredit(16);
    expect(credit.maySend(maxUnackedBytes + 1)).toBe(true);
    credit.send(maxUnackedBytes);
    expect([credit.maySend(0), credit.maySend(1)]).toEqual([true, false]);
    expect(credit.acknowledge(0, 16)).toBeNull();
    credit.send(5 * maxUnackedBytes);
    expect(credit.maySend(1)).toBe(false);
    expect(credit.acknowledge(1, 16)).toBeNull();
    expect(credit.unackedBytes).toBe(0);
    expect(credit.maySend(1)).toBe(true);
  });

  test("the sizes of a thousand unacknowledged chunks are all remembered, whatever was acknowledged before", () => {
    const credit = new StreamCredit(1024);
    for (let n = 0; n < 50; n++) credit.send(1);
    expect(credit.acknowledge(39, 1024)).toBeNull();
    for (let n = 50; n < 1000; n++) credit.send(n);
    let bytes = 10 + Array.from({ length: 950 }, (_, n) => n + 50).reduce((sum, each) => sum + each);
    for (let n = 40; n < 1000; n++) {
      expect(credit.unackedBytes).toBe(bytes);
      expect(credit.acknowledge(n, 1024)).toBeNull();
      bytes -= n < 50 ? 1 : n;
    }
    expect([credit.unackedChunks, credit.unackedBytes]).toEqual([0, 0]);
  });
});

describe("what may come", () => {
  test("chunks in their order, as far as was granted", () => {
    const credit = new StreamCredit(2);
    expect(credit.receive(0, 1)).toBeNull();
    expect(credit.receive(1n, 1)).toMatch(/chunk 1 came where 1 was due/);
    expect(credit.receive(1, 1)).toBeNull();
    expect(credit.receive(2, 1)).toBe("its chunk 2 was beyond the 1 that was granted");
    expect(credit.chunks).toBe(2);
  });

  test.each([
    ["a gap", 2, "its chunk 2 came where 1 was due"],
    ["a repeat", 0, "its chunk 0 came where 1 was due"],
    ["a number beyond all", 2n ** 60n, `its chunk ${String(2n ** 60n)} came where 1 was due`],
  ])("%s is a breach, and counts for nothing", (_, sequence, breach) => {
    const credit = sent(4, 1);
    expect(credit.receive(sequence, 1)).toBe(breach);
    expect([credit.chunks, credit.unackedBytes]).toEqual([1, 1]);
  });

  test("a smaller grant stops nothing that an earlier one allowed", () => {
    const credit = sent(8, 1);
    expect(credit.acknowledge(0, 0)).toBeNull();
    for (let n = 1; n < 8; n++) expect(credit.receive(n, 1)).toBeNull();
    expect(credit.receive(8, 1)).toBe("its chunk 8 was beyond the 7 that was granted");
  });

  test("more than 1 MiB unacknowledged is a breach, unless it is one chunk", () => {
    const credit = new StreamCredit(8);
    expect(credit.receive(0, 2 * maxUnackedBytes)).toBeNull();
    expect(credit.receive(1, 1)).toBe("its chunk of 1 bytes made more than 1048576 unacknowledged");
    expect(credit.acknowledge(0, 8)).toBeNull();
    expect(credit.receive(1, maxUnackedBytes - 1)).toBeNull();
    expect(credit.receive(2, 1)).toBeNull();
    expect(credit.receive(3, 1)).toMatch(/unacknowledged/);
  });

  test("an end has to say how many there were", () => {
    expect(sent(4, 2).end(2)).toBeNull();
    expect(sent(4, 2).end(3)).toBe("it ended with a total of 3 chunks after 2");
    expect(sent(4, 2).end(1n)).toBe("it ended with a total of 1 chunks after 2");
    expect(new StreamCredit(4).end(0)).toBeNull();
  });
});

describe("an acknowledgement", () => {
  test.each([
    ["of more than was sent", 2, 4, "a StreamAck was of chunk 2, but 2 were sent"],
    [
      "of a number beyond all",
      2n ** 63n,
      4,
      `a StreamAck was of chunk ${String(2n ** 63n)}, but 2 were sent`,
    ],
    ["that goes back", 0, 4, "a StreamAck of chunk 0 came after one of 1"],
    ["that grants more than 1024", 1, 1025, "a StreamAck granted 1025 chunks, more than 1024"],
    ["that would overflow", 1, 4_294_967_295, "a StreamAck granted 4294967295 chunks, more than 1024"],
  ])("%s is a breach, and changes nothing", (_, sequence, window, breach) => {
    const credit = sent(2, 2);
    expect(credit.acknowledge(1, 0)).toBeNull();
    expect(credit.acknowledge(sequence, window)).toBe(breach);
    expect([credit.hasWindow, credit.unackedChunks]).toEqual([false, 0]);
  });

  test("before any chunk is one too", () => {
    expect(new StreamCredit(2).acknowledge(0, 2)).toBe("a StreamAck was of chunk 0, but 0 were sent");
  });

  test("of 1024 more is the most", () => {
    expect(sent(2, 2).acknowledge(1, 1024)).toBeNull();
  });
});

describe("a consumer acknowledges", () => {
  /** Consumes `count` chunks of `bytes` while more than those have come; returns the acks. */
  const acksOf = (window: number, count: number, bytes = 1): number[] => {
    const policy = new AckPolicy(window);
    const acks: number[] = [];
    for (let n = 0; n < count; n++) {
      const ack = policy.consume(bytes, count + 1);
      if (ack !== null) acks.push(ack);
    }
    return acks;
  };

  test("after half a window, and after each chunk of a window of 1 to 3", () => {
    expect(acksOf(8, 9)).toEqual([3, 7]);
    expect(acksOf(9, 9)).toEqual([3, 7]);
    for (const window of [1, 2, 3]) expect(acksOf(window, 3)).toEqual([0, 1, 2]);
  });

  test("after 512 KiB, however few chunks that are, and counts from there anew", () => {
    expect(acksOf(1024, 5, maxUnackedBytes / 4)).toEqual([1, 3]);
    expect(acksOf(1024, 2, maxUnackedBytes)).toEqual([0, 1]);
  });

  test("when it has consumed all that has come: a producer that waits is never left waiting", () => {
    const policy = new AckPolicy(64);
    expect(policy.consume(1, 3)).toBeNull();
    expect(policy.consume(1, 3)).toBeNull();
    expect(policy.consume(1, 3)).toBe(2);
    expect(policy.consume(1, 4)).toBe(3);
  });
});
