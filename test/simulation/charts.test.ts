// How much of the charts the simulation walks through: every state, and every transition but for those that are listed here
// with what keeps it from them. The whole picture is left in .splice/simulation/coverage.txt.

import { mkdirSync, writeFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { tellFailure } from "./sim/failure.js";
import { Observer } from "./sim/observer.js";
import { play } from "./sim/play.js";
import { neverTaken } from "./never-taken.js";

/** Others than those of the long row. */
const firstSeed = 1_000_001;
const seeds = 150;

// A seed that is named is played alone.
const run = process.env["SPLICE_SEED"] === undefined ? test : test.skip;

run(
  "all states and transitions are seen, but for those that are known not to be",
  async () => {
    const observer = new Observer(false);
    for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
      const played = await play(seed, { inspect: observer.watch() });
      if (played.error !== null) throw new Error(await tellFailure(played));
    }
    const missed = observer.neverTaken();
    mkdirSync(".splice/simulation", { recursive: true, mode: 0o700 });
    writeFileSync(
      ".splice/simulation/coverage.txt",
      [
        `States seen ${String(observer.states.size)}, never ${String(missed.states.length)}`,
        ...missed.states,
        `Transitions taken ${String(observer.transitions.size)}, never ${String(missed.transitions.length)}`,
        ...missed.transitions,
        "Events that were not taken",
        ...[...observer.unhandled].sort(),
        "",
      ].join("\n"),
    );
    expect(observer.unexpected).toEqual([]);
    const isKnown = (name: string): boolean => neverTaken.some(([known]) => known.test(name));
    expect([...missed.states, ...missed.transitions].filter((name) => !isKnown(name))).toEqual([]);
  },
  300_000,
);
