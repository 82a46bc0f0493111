// Says on stdout, once the tests of a file are through, how much of each model and of each chart was walked, and fails
// what was left out without a reason. The line is what `npm test` shows; jest passes it on from its workers.

import { afterAll, expect } from "@jest/globals";
import type { TransitionCoverage } from "../../src/testing/every-transition.js";

export interface Announce {
  /** Fails unless all that can be reached was covered, and all that the model says tried, but for what is `meant` to be left. */
  model(name: string, coverage: TransitionCoverage, meant?: readonly string[]): void;
  /** Fails when a transition was left that no reason excuses, and when a reason excuses nothing. */
  chart(name: string, walked: Walked, excused?: readonly Excuse[]): void;
}

interface Walked {
  readonly taken: readonly string[];
  readonly left: readonly string[];
}

/** Transitions that no model walks, and why. */
export interface Excuse {
  readonly transitions: RegExp;
  readonly reason: string;
}

export function announceModels(): Announce {
  const lines: string[] = [];
  afterAll(() => {
    if (lines.length > 0) process.stdout.write(`${lines.join("\n")}\n`);
  });
  return {
    model(name, { states, paths, reachable, covered, unwalked }, meant = []) {
      const keys = (pairs: TransitionCoverage["covered"]) =>
        pairs.map(({ state, event }) => `${state} ${event}`).sort();
      expect(keys(covered)).toEqual(keys(reachable));
      expect(unwalked).toEqual(meant);
      lines.push(
        `models: ${name} ${String(states)} states, ${String(reachable.length)} pairs, ${String(covered.length)} covered, ${String(paths)} walks`,
      );
    },
    chart(name, { taken, left }, excused = []) {
      const isExcused = (one: string): boolean => excused.some(({ transitions }) => transitions.test(one));
      expect(left.filter((one) => !isExcused(one))).toEqual([]);
      expect(excused.filter(({ transitions }) => !left.some((one) => transitions.test(one)))).toEqual([]);
      const all = taken.length + left.length;
      lines.push(
        `charts: ${name} ${String(all)} transitions, ${String(taken.length)} taken, ${String(left.length)} excused`,
      );
      for (const { transitions, reason } of excused) {
        const count = left.filter((one) => transitions.test(one)).length;
        lines.push(`charts: ${name}   ${String(count)} ${reason}`);
      }
    },
  };
}
