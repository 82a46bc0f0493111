import { describe, expect, test } from "@jest/globals";
import { PartialFrameClock } from "../../src/transport/partial-frame-clock.js";
import { createVirtualClock } from "../../src/testing/virtual-clock.js";

function setUp(runs: () => boolean = () => true) {
  const clock = createVirtualClock();
  const stalledAfterMs: number[] = [];
  const frames = new PartialFrameClock(clock, runs, (elapsedMs) => stalledAfterMs.push(elapsedMs));
  return { clock, frames, stalledAfterMs };
}

describe("the clock of a partial frame", () => {
  test("runs out after 10 s when nothing more comes", () => {
    const { clock, frames, stalledAfterMs } = setUp();
    frames.partial(0, true);
    clock.advance(9_999);
    expect(stalledAfterMs).toEqual([]);
    clock.advance(1);
    expect(stalledAfterMs).toEqual([10_000]);
    expect(clock.timerCount).toBe(0);
  });

  test("gives one second more for each 64 KiB received", () => {
    const { clock, frames, stalledAfterMs } = setUp();
    frames.partial(1, true);
    clock.advance(5_000);
    frames.partial(3 * 65_536, false);
    expect(clock.timerCount).toBe(1);
    clock.advance(7_999);
    expect(stalledAfterMs).toEqual([]);
    clock.advance(1);
    expect(stalledAfterMs).toEqual([13_000]);
  });

  test("starts anew with each frame, with one timer for all of them", () => {
    const { clock, frames, stalledAfterMs } = setUp();
    for (let i = 0; i < 50; i++) {
      frames.partial(10, true);
      expect(clock.timerCount).toBe(1);
      clock.advance(9_000);
    }
    expect(stalledAfterMs).toEqual([]);
  });

  test("a small frame behind a large one does not inherit its time", () => {
    const { clock, frames, stalledAfterMs } = setUp();
    frames.partial(60 * 1_048_576, true);
    clock.advance(1_000);
    frames.partial(0, true);
    clock.advance(10_000);
    expect(stalledAfterMs).toEqual([10_000]);
  });

  test("stops without a frame", () => {
    const { clock, frames, stalledAfterMs } = setUp();
    frames.partial(10, true);
    frames.stop();
    frames.stop();
    expect(clock.timerCount).toBe(0);
    clock.advance(60_000);
    expect(stalledAfterMs).toEqual([]);
  });

  test("leaves the frame alone while it should not run, and gives it its whole time afterwards", () => {
    let runs = false;
    const { clock, frames, stalledAfterMs } = setUp(() => runs);
    frames.partial(0, true);
    clock.advance(60_000);
    expect(stalledAfterMs).toEqual([]);
    expect(clock.timerCount).toBe(1);
    runs = true;
    clock.advance(10_999);
    expect(stalledAfterMs).toEqual([]);
    clock.advance(1_000);
    expect(stalledAfterMs).toHaveLength(1);
  });

  test("does not blame the peer for a stand-still of our own process", () => {
    const { clock, frames, stalledAfterMs } = setUp();
    // The platform's clock jumps: the timer is called long after it was due.
    let lateMs = 0;
    const late = { ...clock, now: () => clock.now() + lateMs };
    const stalled: number[] = [];
    const onLateClock = new PartialFrameClock(
      late,
      () => true,
      (elapsedMs) => stalled.push(elapsedMs),
    );
    frames.partial(0, true);
    onLateClock.partial(0, true);
    lateMs = 5_000;
    clock.advance(10_000);
    expect(stalledAfterMs).toHaveLength(1);
    expect(stalled).toEqual([]);
    onLateClock.stop();
  });
});
