// The program that plays seeds, outside of the test runner, whose modules cost twice the time: its job is its argument,
// and what it says is in sim/report.ts. Which seeds there are is not its business.

import { mkdirSync, writeFileSync, writeSync } from "node:fs";
import { tellFailure } from "./sim/failure.js";
import type { FaultKind } from "./sim/faults.js";
import { Observer } from "./sim/observer.js";
import { play, type Played } from "./sim/play.js";
import type { Job, Line } from "./sim/report.js";

/** One in so many is played twice, the second time with nobody looking into its charts, and has to take the same way. */
const twiceEvery = 100;
/** Of further seeds that fail no more is told than why: the smallest run of each takes its time to be found. */
const toldFailures = 2;
const tracesFolder = ".splice/simulation";

const observer = new Observer();
const fired = new Set<FaultKind>();
let failures = 0;

/** At once, so that nothing is lost when the next run never ends. */
function say(line: Line): void {
  const bytes = Buffer.from(`${JSON.stringify(line)}\n`);
  for (let at = 0; at < bytes.length;) at += writeSync(1, bytes, at);
}

async function playOne(seed: number, isTwice: boolean): Promise<void> {
  say({ kind: "playing", seed });
  const played = await play(seed, { inspect: observer.watch() });
  for (const kind of played.world.faults.fired.keys()) fired.add(kind);
  if (played.error !== null) await fail(played);
  else if (isTwice && (await play(seed)).world.sim.traceHash !== played.world.sim.traceHash)
    say({
      kind: "failed",
      seed,
      story: `Seed ${String(seed)} took another way when it was played again, with nobody looking into its charts.`,
    });
}

async function fail(played: Played): Promise<void> {
  const { seed, error } = played;
  const story =
    ++failures <= toldFailures ? await tellFailure(played) : `Seed ${String(seed)} failed: ${String(error)}`;
  say({ kind: "failed", seed, story });
}

/** Leaves the whole trace in a file. */
async function playAlone(seed: number): Promise<void> {
  say({ kind: "playing", seed });
  const played = await play(seed, { keptLines: Infinity, inspect: observer.watch() });
  mkdirSync(tracesFolder, { recursive: true, mode: 0o700 });
  writeFileSync(`${tracesFolder}/${String(seed)}.trace`, `${played.world.sim.trace.join("\n")}\n`);
  if (played.error !== null) await fail(played);
}

const job = JSON.parse(process.argv[2] ?? "") as Job;
if ("alone" in job) await playAlone(job.alone);
else {
  const { from, to, share, shares, before } = job;
  for (const seed of before) await playOne(seed, false);
  for (let seed = from + share, n = 0; seed <= to; seed += shares, n++)
    await playOne(seed, n % twiceEvery === 0);
}
const { user, system } = process.cpuUsage();
say({ kind: "seen", seen: { fired: [...fired], ...observer.seen(), cpuMs: (user + system) / 1000 } });
