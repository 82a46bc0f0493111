// What is remembered of each generation, and for how long.

import { expect, test } from "@jest/globals";
import { LaunchBook } from "../../src/actors/launch-book.js";
import type { PoolLaunch } from "../../src/actors/worker-command.js";

const launch = (program: string): PoolLaunch => ({
  pool: { name: "app" } as PoolLaunch["pool"],
  program,
  args: [],
});

function bookOf(...later: number[]): LaunchBook {
  const book = new LaunchBook(new Map([["app", launch("1")]]));
  for (const generation of later) book.set("app", generation, launch(String(generation)), 1);
  return book;
}

test("begins with the first generation, and knows nothing of others", () => {
  const book = bookOf();
  expect(book.get("app", 1)?.program).toBe("1");
  expect([book.get("app", 2), book.get("other", 1), book.latest("other")]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});

test("the latest is the one that was made last, also where that was made anew", () => {
  const book = bookOf(2, 3);
  expect(book.latest("app")?.program).toBe("3");
  book.set("app", 2, launch("2b"), 1);
  expect(book.latest("app")?.program).toBe("2b");
});

test("the one that serves is kept, however many came to nothing, and the oldest others are not", () => {
  const book = bookOf(2, 3, 4, 5, 6, 7, 8);
  const kept = [1, 2, 3, 4, 5, 6, 7, 8].filter((generation) => book.get("app", generation) !== undefined);
  expect(kept).toEqual([1, 6, 7, 8]);
});

test("once another serves, the first is forgotten in its turn", () => {
  const book = bookOf(2);
  for (const generation of [3, 4, 5, 6]) book.set("app", generation, launch(String(generation)), 2);
  expect([book.get("app", 1), book.get("app", 2)?.program]).toEqual([undefined, "2"]);
});

test("whoever follows hears of each from then on, until he does not want to, or the pool is gone", () => {
  const book = bookOf();
  const heard: string[] = [];
  const latest = (): string => book.latest("app")?.program ?? "";
  const unfollow = book.follow("app", () => {
    heard.push(latest());
  });
  book.follow("app", () => {
    heard.push(`also ${latest()}`);
  });
  book.set("app", 2, launch("2"));
  unfollow();
  book.set("app", 3, launch("3"));
  book.remove("app");
  book.set("app", 1, launch("1"));
  expect(heard).toEqual(["2", "also 2", "also 3"]);
  expect(book.get("app", 2)).toBeUndefined();
});
