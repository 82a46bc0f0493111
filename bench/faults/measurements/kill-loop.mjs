// One of two workers is killed each half second under load: what becomes of the calls that it did not have. Which
// worker had a call is read from what the function wrote down before it did anything; of one that it had not begun,
// Splice says in its error which process had it, and of the others it is not known.

import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { outcomeOf, percentile } from "../tools.mjs";

export const contenders = [
  "splice-embedded",
  "splice-supervisor",
  "piscina",
  "tinypool",
  "workerpool",
  "jest-worker",
  "pm2",
];
const lanes = 8;

export async function run({ start, isThreads }, { isQuick }) {
  const pool = await start({ workers: 2, perWorker: 16 });
  const figures = await killLoop(pool, { kills: isQuick ? 4 : 20, isThreads });
  await pool.close();
  return figures;
}

/** `onKill(pid)` hears of each kill just before it. */
export async function killLoop(pool, { kills: wanted, isThreads = false, onKill = () => undefined }) {
  const folder = await mkdtemp(join(tmpdir(), "sb-"));
  const log = join(folder, "log");
  await writeFile(log, "");
  const state = { isOver: false, key: 0 };
  const outcomes = new Map();
  const lane = async () => {
    while (!state.isOver) {
      const key = (state.key += 1);
      const outcome = await outcomeOf(pool.call("rest", { ms: 5, log, key }));
      outcomes.set(key, outcome);
      // An impatient caller would only keep the processor from those that come back.
      if (outcome.kind === "failed") await sleep(5);
    }
  };
  const load = Array.from({ length: lanes }, lane);
  await sleep(500);
  const victims = new Set();
  for (let kills = 0; kills < wanted; kills += 1) {
    if (isThreads) await pool.call("die", { log }).catch(() => undefined);
    else {
      const pids = await pool.pids();
      const pid = pids[kills % pids.length];
      if (pid !== undefined) {
        victims.add(pid);
        onKill(pid);
        process.kill(pid, "SIGKILL");
      }
    }
    await sleep(500);
  }
  state.isOver = true;
  await Promise.all(load);

  const ranIn = new Map();
  for (const line of (await readFile(log, "utf8")).split("\n")) {
    const [key, who] = line.split(" ");
    if (key === "die") victims.add(who);
    else if (who !== undefined) ranIn.set(Number(key), [...(ranIn.get(Number(key)) ?? []), who]);
  }
  await rm(folder, { recursive: true, force: true });
  const wasKilled = (who) => victims.has(who) || victims.has(Number(who.split(":")[0]));
  const list = [...outcomes];
  const lost = list.filter(([, { kind }]) => kind !== "ok");
  const wasVictims = ([key, { error }]) =>
    (ranIn.get(key) ?? []).some(wasKilled) || (error?.code === 2003 && victims.has(error.details.pid));
  const ofOthers = lost.filter((one) => !wasVictims(one));
  return {
    calls: list.length,
    lostWithVictim: lost.length - ofOthers.length,
    lostOfOthers: ofOthers.length,
    neverAnswered: lost.filter(([, { kind }]) => kind === "never").length,
    ranTwice: [...ranIn.values()].filter((runs) => runs.length > 1).length,
    p99Ms: percentile(
      list.flatMap(([, { kind, ms }]) => (kind === "ok" ? [ms] : [])),
      0.99,
    ),
  };
}
