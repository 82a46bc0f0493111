// The reload loop: twenty edits go live while small calls come at 30 % of capacity, 3000 of them or more. Beside L1's load
// without an edit; and what the supervisor holds after it, beside what it held before.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { residentMib } from "../../processes.mjs";
import { echo, Outcomes, steady } from "../load.mjs";
import { openLoop } from "../../load.mjs";

export const title = "20 reloads";
export const seconds = 30;
export const hasBaseline = false;
/** The worker of the beginning is replaced. */
export const hasWorker = false;

const folder = mkdtempSync(join(tmpdir(), "splice-soak-"));
const work = JSON.stringify(new URL("../functions/work.mjs", import.meta.url).pathname);
const write = (edition) =>
  writeFileSync(
    join(folder, "work.mjs"),
    `export * from ${work};\nexport const edition = () => ${String(edition)};\n`,
  );
write(0);
export const setup = { functions: folder };

export function hold() {
  return () => rmSync(folder, { recursive: true, force: true });
}

const reloads = 20;

export async function run({ system, capacity, ms }) {
  const perSecond = capacity * 0.3;
  const small = (n) => echo(system, n);
  const calm = await steady(small, capacity * 0.7, ms / 3);
  let edition = 0;
  const reload = async () => {
    write(++edition);
    const { ok, pools } = await system.splice.reload();
    if (!ok) throw new Error(`Edition ${String(edition)} was not promoted: ${String(pools[0].error)}`);
  };
  for (let n = 0; n < 5; n += 1) await reload();
  await sleep(1000);
  const beforeMib = residentMib(system.pid);
  const outcomes = new Outcomes();
  const count = ms < 5000 ? 3 : reloads;
  let isOver = false;
  const loading = (async () => {
    while (!isOver) await openLoop(small, perSecond, 500, (_, took, error) => outcomes.note(took, error));
  })();
  for (let n = 0; n < count; n += 1) await reload();
  isOver = true;
  await loading;
  const seen = await system.call("edition");
  await sleep(2000);
  const afterMib = residentMib(system.pid);
  const { p99Ms, ...rest } = outcomes.figures();
  return {
    perSecond,
    ...rest,
    p99Ms,
    reloads: count,
    calmP99Ms: calm.p99Ms,
    timesCalm: p99Ms / calm.p99Ms,
    beforeMib,
    afterMib,
    residentRatio: beforeMib === null ? null : afterMib / beforeMib,
    isLatest: seen === edition,
  };
}
