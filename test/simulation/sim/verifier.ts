// Whom the supervisor asks whether a call may run: it says so at once or after a while, refuses, throws, or says nothing.

import type { Verify } from "../../../src/config/types.js";
import type { Faults } from "./faults.js";
import type { Owner, Sim } from "./sim.js";

export function createVerifier(sim: Sim, faults: Faults, owner: Owner): Verify {
  const random = sim.random("verifier");
  return () => {
    if (faults.fires("verifyThrows")) throw new Error("The verifier failed.");
    const isAllowed = !faults.fires("verifyRefuses");
    if (random() < 0.5) return isAllowed;
    return new Promise((resolve) => {
      if (faults.fires("verifyHangs")) return;
      sim.after(random() * 30, "hears its verifier", owner, () => {
        resolve(isAllowed);
      });
    });
  };
}
