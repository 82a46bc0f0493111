// Which seeds are played: those that failed once, then a row of others, in four parts, so that as many test workers share
// them. One alone when it is named.

import { mkdirSync, writeFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { regressions } from "../regressions.js";
import { tellFailure } from "./failure.js";
import { faultKinds, type FaultKind } from "./faults.js";
import { Observer } from "./observer.js";
import { play, type Played } from "./play.js";

const parts = 4;
const defaultSeeds = 1000;
/** One in so many is played twice, and has to take the same way. */
const twiceEvery = 100;
/** One in so many is looked into, which takes longer. */
const inspectEvery = 10;
/** From so many seeds on each kind of fault has to have happened. */
const tellingSeeds = 200;
const tracesFolder = ".splice/simulation";

/** `SPLICE_SEEDS`: how many, or from which to which: "5000" or "5001-9000". */
function seedsOf(part: number): number[] {
  const [, from, to] = /^(?:(\d+)-)?(\d+)$/.exec(process.env["SPLICE_SEEDS"] ?? "") ?? [];
  const first = Number(from ?? 1);
  const last = Number(to ?? defaultSeeds);
  const all = Array.from({ length: last - first + 1 }, (_, n) => first + n);
  return all.filter((seed) => seed % parts === part - 1);
}

/** Tests of one part, from 1. */
export function testSeeds(part: number): void {
  const named = process.env["SPLICE_SEED"];
  if (named !== undefined) {
    const run = part === 1 ? test : test.skip;
    run(`seed ${named}`, () => playAlone(Number(named)), 600_000);
    return;
  }
  if (part === 1) {
    test.each(regressions)("seed %i, which failed once: %s", async (seed) => {
      await expectGood(await play(seed));
    });
  }
  const seeds = seedsOf(part);
  test(
    `${String(seeds.length)} seeds`,
    async () => {
      const happened = new Set<FaultKind>();
      for (const seed of seeds) {
        const isInspected = Math.floor(seed / parts) % inspectEvery === 0;
        const played = await play(seed, isInspected ? { inspect: new Observer().watch() } : {});
        await expectGood(played);
        for (const kind of played.world.faults.fired.keys()) happened.add(kind);
        if (Math.floor(seed / parts) % twiceEvery === 0) await expectSameAgain(played);
      }
      // A fault that never happens proves nothing.
      if (seeds.length >= tellingSeeds) expect(faultKinds.filter((kind) => !happened.has(kind))).toEqual([]);
    },
    60_000 + seeds.length * 1000,
  );
}

async function expectGood(played: Played): Promise<void> {
  if (played.error !== null) throw new Error(await tellFailure(played));
}

async function expectSameAgain({ seed, world }: Played): Promise<void> {
  const again = await play(seed);
  if (again.world.sim.traceHash !== world.sim.traceHash)
    throw new Error(`Seed ${String(seed)} took another way when it was played again.`);
}

/** Leaves the whole trace in a file. */
async function playAlone(seed: number): Promise<void> {
  const played = await play(seed, { keptLines: Infinity, inspect: new Observer().watch() });
  mkdirSync(tracesFolder, { recursive: true, mode: 0o700 });
  writeFileSync(`${tracesFolder}/${String(seed)}.trace`, `${played.world.sim.trace.join("\n")}\n`);
  await expectGood(played);
}
