import { expect, test } from "@jest/globals";
import { everySplit, frames } from "./frames.js";
import { runTarget } from "./target.js";

const seed = 20_260_101;

test("conversations cut in two at every place, and byte by byte, decode as they do whole", () => {
  expect(everySplit(seed, 10)).toBeGreaterThan(4000);
});

test("bytes of all kinds, cut anywhere, come to what they come to whole, errors too", async () => {
  const { test: count } = frames.counts;
  const tally = await runTarget(frames, seed, count);
  for (const met of ["whole", "refused"]) expect(tally.get(met)).toBeGreaterThan(count / 20);
}, 60_000);
