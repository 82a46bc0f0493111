// Connections that say anything to a supervisor which runs, a share of what `npm run fuzz` does.

import { expect, test } from "@jest/globals";
import { supervisors } from "../../fuzz/live.js";
import { runTarget } from "../../fuzz/target.js";

test("whatever connections say, those that break the rules are told once, and a good client is served", async () => {
  const tally = await runTarget(supervisors, 20_260_101, supervisors.counts.test);
  for (const met of ["told and closed", "goodbye", "left"]) expect(tally.get(met)).toBeGreaterThan(0);
}, 120_000);
