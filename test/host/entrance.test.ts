// The entrance under a clock that the test moves: its pace, its number, and what those hear who are too many (row 35).

import { describe, expect, test } from "@jest/globals";
import { Entrance, entranceBounds } from "../../src/host/entrance.js";
import { Refusals } from "../../src/host/refusals.js";
import { Decoder, type Message } from "../../src/protocol/index.js";
import { decodeValue } from "../../src/protocol/values.js";
import type { ByteDuplex } from "../../src/transport/duplex.js";
import { createMemoryPair } from "../../src/transport/memory-duplex.js";
import { createVirtualClock } from "../../src/testing/virtual-clock.js";

const { connections, farewells, handshakesAtOnce, handshakesPerSecond } = entranceBounds;

function world() {
  const clock = createVirtualClock();
  /** When each was let in. */
  const admittedAtMs: number[] = [];
  const admitted: ByteDuplex[] = [];
  const refused: boolean[] = [];
  const entrance = new Entrance({
    clock,
    admit: (duplex) => {
      admittedAtMs.push(clock.now());
      admitted.push(duplex);
    },
    refuse: (_, isTold) => refused.push(isTold),
  });
  const arrive = (count: number): readonly ByteDuplex[] => {
    const arriving = Array.from({ length: count }, () => createMemoryPair()[0]);
    for (const duplex of arriving) entrance.arrived(duplex);
    return arriving;
  };
  return { clock, admittedAtMs, admitted, refused, entrance, arrive };
}

/** The most that were let in within any stretch of that time. */
function peak(atMs: readonly number[], withinMs: number): number {
  return Math.max(
    ...atMs.map((fromMs) => atMs.filter((at) => at >= fromMs && at < fromMs + withinMs).length),
  );
}

describe("the pace", () => {
  test("hosts that come one by one wait for nothing, and leave no timer", () => {
    const { clock, admitted, arrive } = world();
    for (let host = 1; host <= 500; host++) {
      arrive(1);
      expect(admitted).toHaveLength(host);
      clock.advance(1000 / handshakesPerSecond);
    }
    expect(clock.timerCount).toBe(0);
  });

  test("500 at once: all are let in, in their order, never faster than the bound", () => {
    const { clock, admitted, admittedAtMs, arrive } = world();
    const arrived = arrive(500);
    expect(admitted).toHaveLength(handshakesAtOnce);
    while (clock.timerCount > 0) clock.advance(1);
    expect(admitted).toEqual(arrived);
    for (const withinMs of [1, 10, 100, 1000])
      expect(peak(admittedAtMs, withinMs)).toBeLessThanOrEqual(
        handshakesAtOnce + (withinMs * handshakesPerSecond) / 1000,
      );
    expect(clock.now()).toBeLessThanOrEqual((500 / handshakesPerSecond) * 1000);
  });

  test("as many as may come are all listened to before the 5 s are over that a client waits", () => {
    const { clock, admitted, arrive } = world();
    arrive(connections);
    clock.advance(4_000);
    expect(admitted).toHaveLength(connections);
  });

  test("a supervisor that stood still makes up for nothing at once", () => {
    const { clock, admittedAtMs, arrive } = world();
    arrive(handshakesAtOnce);
    clock.advance(60_000);
    arrive(500);
    expect(admittedAtMs.filter((at) => at === clock.now())).toHaveLength(handshakesAtOnce);
  });

  test("closing cuts off those in line", async () => {
    const { clock, entrance, admitted, arrive } = world();
    const waiting = arrive(handshakesAtOnce + 1).at(-1);
    let isClosed = false;
    waiting?.attach({
      data: () => undefined,
      drain: () => undefined,
      end: () => undefined,
      close: () => (isClosed = true),
    });
    entrance.close();
    await new Promise(setImmediate);
    expect(isClosed).toBe(true);
    clock.advance(1000);
    expect(admitted).toHaveLength(handshakesAtOnce);
    expect(clock.timerCount).toBe(0);
  });
});

describe("the number", () => {
  test("one too many is refused, also while all are in line; when one has left there is room", () => {
    const { clock, admitted, refused, entrance, arrive } = world();
    arrive(connections + 1);
    expect(refused).toEqual([true]);
    clock.advance(5_000);
    entrance.left();
    entrance.left();
    arrive(1);
    expect(refused).toHaveLength(1);
    expect(admitted).toHaveLength(connections + 1);
    arrive(1);
    expect(refused).toHaveLength(2);
  });

  test("of those refused, as many as may be are told; the others are not even that", () => {
    const { refused, arrive } = world();
    arrive(connections + farewells + 3);
    expect(refused).toEqual([...Array<boolean>(farewells).fill(true), false, false, false]);
  });
});

describe("a refusal", () => {
  function refusals() {
    const clock = createVirtualClock();
    const lines: string[] = [];
    const silent = (): void => undefined;
    const log = { debug: silent, info: silent, error: silent, warn: (line: string) => lines.push(line) };
    const door = new Refusals(clock, log);
    const refuse = (isTold = true) => {
      const [left, right] = createMemoryPair();
      const received: Message[] = [];
      const decoder = new Decoder();
      const seen = { hasEnded: false, isClosed: false, isCut: false };
      right.attach({
        data: (chunk) => received.push(...decoder.push(chunk)),
        drain: () => undefined,
        end: () => (seen.hasEnded = true),
        close: () => (seen.isClosed = true),
      });
      right.resume();
      const cut = left.destroy.bind(left);
      left.destroy = () => {
        seen.isCut = true;
        cut();
      };
      door.refuse(left, isTold);
      return { received, seen, peer: right };
    };
    return { clock, lines, refuse };
  }

  async function settle(): Promise<void> {
    for (let turn = 0; turn < 30; turn++) await new Promise(setImmediate);
  }

  test("is InvokeError 3002 for request 0, with the limit in its details, and then the end", async () => {
    const { clock, refuse } = refusals();
    const { received, seen, peer } = refuse();
    await settle();
    expect(received).toMatchObject([{ type: "InvokeError", requestId: 0, code: 3002, kind: "System" }]);
    const [error] = received;
    if (error?.type !== "InvokeError" || error.details === null) throw new Error("It has no details.");
    expect(error.message).toContain(`${String(connections)} connections`);
    expect(decodeValue(error.details)).toMatchObject({ limit: "connections", inFlight: connections });
    expect(seen.hasEnded).toBe(true);
    peer.end();
    await settle();
    expect(seen.isClosed).toBe(true);
    expect(clock.timerCount).toBe(0);
  });

  test("does not wait for ever for a peer that stays, or goes on writing", async () => {
    for (const bytes of [0, 1, 5, 100_000]) {
      const { clock, refuse } = refusals();
      const { seen, peer } = refuse();
      peer.write(Buffer.alloc(bytes, 0xc1), () => undefined);
      await settle();
      clock.advance(1000);
      await settle();
      expect(seen).toMatchObject({ isCut: true, hasEnded: true });
      expect(clock.timerCount).toBe(0);
    }
  });

  test("without a word is just the end", async () => {
    const { clock, refuse } = refusals();
    const { received, seen } = refuse(false);
    await settle();
    expect(received).toEqual([]);
    expect(seen.isCut).toBe(true);
    expect(clock.timerCount).toBe(0);
  });

  test("of ten thousand hosts is told in few lines, and none is forgotten", () => {
    const { clock, lines, refuse } = refusals();
    for (let second = 0; second < 20; second++) {
      for (let host = 0; host < 500; host++) refuse(false);
      clock.advance(1000);
    }
    clock.advance(10_000);
    refuse(false);
    expect(lines).toHaveLength(3);
    const counts = lines.map((line) => (line.startsWith("a host was") ? 1 : Number.parseInt(line)));
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(10_001);
  });
});
