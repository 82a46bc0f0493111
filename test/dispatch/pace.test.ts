import { describe, expect, test } from "@jest/globals";
import { Pace } from "../../src/dispatch/pace.js";

describe("when one who was refused should come back", () => {
  test("50 ms while nobody can know", () => {
    const pace = new Pace();
    expect(pace.bookMs(1_000_000, 0)).toBe(50);
    expect(pace.bookMs(1_000_050, 7)).toBe(50);
  });

  test("one permit in 20 ms: after those who wait, each at a time of its own", () => {
    const pace = new Pace();
    pace.bookMs(0, 0);
    pace.freed += 10;
    expect(pace.bookMs(200, 0)).toBe(20);
    expect(pace.bookMs(200, 0)).toBe(40);
    expect(pace.bookMs(200, 5)).toBe(120);
    expect(pace.bookMs(200, 5)).toBe(140);
  });

  test("what was booked goes by with the time", () => {
    const pace = new Pace();
    pace.bookMs(0, 0);
    pace.freed += 10;
    for (let n = 0; n < 4; n++) pace.bookMs(200, 0);
    expect(pace.bookMs(240, 0)).toBe(60);
    expect(pace.bookMs(299, 0)).toBe(21);
  });

  test("never under 10 ms, never over 1000, also when nothing comes free at all", () => {
    const pace = new Pace();
    pace.bookMs(0, 0);
    pace.freed += 100_000;
    expect(pace.bookMs(100, 0)).toBe(10);
    const stuck = Array.from({ length: 50 }, () => pace.bookMs(200, 0));
    expect(stuck.slice(0, 3)).toEqual([100, 200, 300]);
    expect(stuck.at(-1)).toBe(1000);
    expect(pace.bookMs(250, 1_000_000)).toBe(1000);
  });

  test("a rate of long ago is none", () => {
    const pace = new Pace();
    pace.bookMs(0, 0);
    pace.freed += 10;
    pace.bookMs(200, 0);
    expect(pace.bookMs(3_600_000, 0)).toBe(50);
  });
});
