// The simulation: which seeds are played, and what is asked of all runs together. docs/reliability/testing.md.

import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { endChildren, playJobs, type Report } from "./children.js";
import { cannotBeTaken, seldomTaken } from "./never-taken.js";
import { regressions } from "./regressions.js";
import { faultKinds } from "./sim/faults.js";
import { firstLargeSeed } from "./sim/large-seeds.js";
import type { Seen } from "./sim/report.js";

/** Enough for each kind of fault to happen. */
const tellingSeeds = 200;
/** Enough for all states and transitions to be seen that can be. */
const coveringSeeds = 2000;

const named = process.env["SPLICE_SEED"];
/** `SPLICE_SEEDS`: how many, or from which to which: "5000" or "5001-9000". */
const [, first, last] = /^(?:(\d+)-)?(\d+)$/.exec(process.env["SPLICE_SEEDS"] ?? "") ?? [];
const [from, to] = [Number(first ?? 1), Number(last ?? coveringSeeds)];
const count = to - from + 1;

/** Besides, those with large results that find what they are for. */
const large = Array.from({ length: 40 }, (_, n) => firstLargeSeed + n);

let report: Report = { failures: [], seen: [] };
const storiesOf = (isMeant: (seed: number) => boolean): string[] =>
  report.failures.filter(({ seed }) => isMeant(seed)).map(({ story }) => story);
/** Every name that any of the children has seen. */
const union = <T>(part: (seen: Seen) => readonly T[]): Set<T> => new Set(report.seen.flatMap(part));
const isRegression = (seed: number): boolean => regressions.some(([each]) => each === seed);

afterAll(endChildren);

function expectNone(stories: readonly string[]): void {
  if (stories.length > 0) throw new Error(stories.join("\n\n"));
}

if (named === undefined) testMany();
else
  test(`seed ${named}`, async () => {
    report = await playJobs([{ alone: Number(named) }], () => undefined);
    expectNone(storiesOf(() => true));
  }, 600_000);

function testMany(): void {
  beforeAll(
    async () => {
      const shares = availableParallelism();
      const before = [...regressions.map(([seed]) => seed), ...large];
      const jobs = Array.from({ length: shares }, (_, share) => ({
        ...{ from, to, share, shares },
        before: before.filter((_seed, at) => at % shares === share),
      }));
      const all = count + before.length;
      let begun = 0;
      report = await playJobs(jobs, () => {
        if (++begun % 500 === 0)
          process.stdout.write(`simulation: ${String(begun)} of ${String(all)} seeds\n`);
      });
      const cpuMs = report.seen.reduce((sum, each) => sum + each.cpuMs, 0) / all;
      process.stdout.write(
        `simulation: ${String(all)} seeds, ${cpuMs.toFixed(1)} ms of processor time each\n`,
      );
    },
    60_000 + count * 1000,
  );

  test.each(regressions)("seed %i, which failed once: %s", (seed) => {
    expectNone(storiesOf((each) => each === seed));
  });

  test(`${String(count)} seeds, and ${String(large.length)} with large results`, () => {
    expectNone(storiesOf((seed) => !isRegression(seed)));
  });

  // A fault that never happens proves nothing.
  (count >= tellingSeeds ? test : test.skip)("each kind of fault has happened", () => {
    const fired = union((seen) => seen.fired);
    expect(faultKinds.filter((kind) => !fired.has(kind))).toEqual([]);
  });

  (count >= coveringSeeds ? test : test.skip)("all states and transitions are seen that can be", () => {
    const seen = union(({ states, transitions }) => [...states, ...transitions]);
    const all = union(({ allStates, allTransitions }) => [...allStates, ...allTransitions]);
    const missed = [...all].filter((name) => !seen.has(name)).sort();
    mkdirSync(".splice/simulation", { recursive: true, mode: 0o700 });
    const unhandled = [...union((each) => each.unhandled)].sort();
    writeFileSync(
      ".splice/simulation/coverage.txt",
      [
        ...["# Never seen", ...missed],
        ...["# Seen", ...[...seen].sort()],
        ...["# Events that were not taken", ...unhandled, ""],
      ].join("\n"),
    );
    const cannot = cannotBeTaken.flatMap(({ names }) => names);
    const excused = [...cannot, ...seldomTaken.flatMap(({ names }) => names)];
    expect(missed.filter((name) => !excused.includes(name))).toEqual([]);
    // An excuse for what is taken, or is in no chart any more, is none.
    expect(cannot.filter((name) => seen.has(name))).toEqual([]);
    expect(excused.filter((name) => !all.has(name))).toEqual([]);
  });

  test("a process that dies while it plays is a failure", async () => {
    const { failures, seen } = await playJobs([{ from, to, share: 0, shares: 1, before: [] }], endChildren);
    expect(failures.map(({ seed }) => seed)).toEqual([from]);
    expect(failures[0]?.story).toMatch(/^While seed \d+ was played, its process ended with SIGKILL/);
    expect(seen).toEqual([]);
  });
}
