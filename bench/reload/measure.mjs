// One measurement of one contender, in a process of its own: how soon an edit is live, what callers lose by twenty edits,
// and what two hundred leave behind.

import { rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { descriptorsOf, family, pssKib } from "../processes.mjs";
import { contenders } from "./contenders.mjs";
import { makeProject } from "./project.mjs";

const { what, contender, edits, pauseMs = 700 } = JSON.parse(process.argv[2]);
const project = await makeProject();
const running = await contenders[contender].start(project);
let version = 0;
try {
  // Watchers look at everything once before they notice anything.
  await sleep(2000);
  await live();
  const figures = await { edit: measureEdits, loss: measureLoss, flat: measureFlat }[what]();
  console.log(JSON.stringify({ figures }));
} finally {
  await running.stop();
  rmSync(project.folder, { recursive: true, force: true });
}
process.exit(0);

/** Makes an edit and returns how many milliseconds it took until it was called, by asking again and again. */
async function live() {
  version += 1;
  const key = version % 50;
  const startedAt = performance.now();
  project.edit(key, version);
  for (;;) {
    const answer = await running.ask(key).catch(() => null);
    const tookMs = performance.now() - startedAt;
    if (answer?.n === version) return tookMs;
    if (tookMs > 30_000) throw new Error(`Version ${String(version)} was not live within 30 s.`);
    await sleep(1);
  }
}

async function measureEdits() {
  const times = [];
  for (let n = 0; n < edits; n += 1) {
    await sleep(pauseMs);
    times.push(await live());
  }
  times.sort((a, b) => a - b);
  const at = (share) => times[Math.min(times.length - 1, Math.floor(share * times.length))];
  return { edits, p50Ms: at(0.5), p90Ms: at(0.9), worstMs: times.at(-1) };
}

/** Ten clients call without a pause, 3000 calls or more, while twenty edits go live. */
async function measureLoss() {
  let isOver = false;
  let calls = 0;
  let lost = 0;
  const seen = new Set();
  const client = async (own) => {
    while (!isOver || calls < 3000) {
      calls += 1;
      await running.ask((own + calls) % 50, calls % 5).then(
        ({ n }) => seen.add(n),
        () => {
          lost += 1;
          return sleep(5);
        },
      );
    }
  };
  const clients = Promise.all(Array.from({ length: 10 }, (_, own) => client(own)));
  for (let n = 0; n < edits; n += 1) await live();
  isOver = true;
  await clients;
  return { edits, calls, lost, versions: seen.size };
}

async function measureFlat() {
  for (let n = 0; n < 20; n += 1) await live();
  const before = await vitals();
  for (let n = 0; n < edits; n += 1) await live();
  return { edits, before, after: await vitals() };
}

/** At rest. */
async function vitals() {
  await sleep(5000);
  const pids = family(running.pid);
  return { processes: pids.length, descriptors: descriptorsOf(running.pid), pssMib: pssKib(pids) / 1024 };
}
