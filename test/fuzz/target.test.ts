// What a failure says: of its own case, and of those that were under way beside it.

import { expect, test } from "@jest/globals";
import { FuzzFailure, runTarget, type FuzzTarget } from "./target.js";

test("a failure has its own input, and that of each case that was under way with it", async () => {
  let fall = (): void => undefined;
  const fallen = new Promise<void>((resolve) => (fall = resolve));
  let begun = 0;
  const target: FuzzTarget = {
    name: "falling",
    counts: { ci: 9, test: 9 },
    atOnce: 3,
    async one(_random, sent) {
      const turn = begun++;
      sent(Uint8Array.of(turn));
      if (turn === 0) return "over before";
      sent(Uint8Array.of(turn));
      if (turn === 3) fall();
      await fallen;
      throw new Error("It is gone.");
    },
  };
  const failure = await runTarget(target, 70, 9).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(FuzzFailure);
  const { seed, bytes, beside } = failure as FuzzFailure;
  expect({ seed, bytes }).toEqual({ seed: 71, bytes: Uint8Array.of(1, 1) });
  expect([...beside]).toEqual([
    [72, Uint8Array.of(2, 2)],
    [73, Uint8Array.of(3, 3)],
  ]);
});
