import { describe, expect, test } from "@jest/globals";
import { Pulse } from "../../src/cli/pulse.js";
import { createVirtualClock } from "../../src/testing/virtual-clock.js";

function watching() {
  const clock = createVirtualClock();
  const pulse = new Pulse(clock);
  const controller = new AbortController();
  const drawnAtMs: number[] = [];
  void (async () => {
    while (!controller.signal.aborted) {
      await pulse.next(controller.signal);
      drawnAtMs.push(clock.now());
    }
  })();
  const advance = async (ms: number): Promise<void> => {
    for (let step = 0; step < ms; step += 50) {
      clock.advance(50);
      await Promise.resolve();
      await Promise.resolve();
    }
  };
  return { clock, pulse, controller, drawnAtMs, advance };
}

describe("a picture is due", () => {
  test("once a second while nothing happens", async () => {
    const { drawnAtMs, advance } = watching();
    await advance(3000);
    expect(drawnAtMs).toEqual([1000, 2000, 3000]);
  });

  test("at once after a change in quiet times, and five times a second in all others", async () => {
    const { pulse, drawnAtMs, advance } = watching();
    await advance(700);
    pulse.changed();
    await advance(50);
    expect(drawnAtMs).toEqual([700 + 50]);
    for (let n = 0; n < 20; n++) {
      pulse.changed();
      await advance(50);
    }
    expect(drawnAtMs.slice(1)).toEqual([950, 1150, 1350, 1550, 1750]);
  });

  test("for a change that came while one was made, as soon as it may be", async () => {
    const clock = createVirtualClock();
    const pulse = new Pulse(clock);
    const { signal } = new AbortController();
    pulse.changed();
    let isDue = false;
    const next = pulse.next(signal).then(() => (isDue = true));
    clock.advance(199);
    await Promise.resolve();
    expect(isDue).toBe(false);
    clock.advance(1);
    await next;
  });

  test("no longer, and leaves no timer, when it is aborted", async () => {
    const { clock, controller, drawnAtMs, advance } = watching();
    controller.abort();
    await advance(2000);
    expect([drawnAtMs.length, clock.timerCount]).toEqual([1, 0]);
  });
});
