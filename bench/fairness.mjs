// Two hosts load one supervisor 10 : 1, with and without a queue: what the light one feels of it, beside what it has
// alone. `npm run build && node bench/fairness.mjs`; a minute. Ratios within one run are what counts.

import { spawn } from "node:child_process";
import { mkdtemp, mkdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { connect, createSplice } from "../dist/index.js";

const self = fileURLToPath(import.meta.url);
const lightParallel = 4;
const heavyParallel = 40;
const measureMs = 5000;

const functions = `
export async function rest(params) { await new Promise((resolve) => setTimeout(resolve, 20)); return params; }
export function work(params) { const end = performance.now() + 2; while (performance.now() < end); return params; }
`;

const setups = [
  { title: "waits 20 ms, 16 permits, no queue", name: "load.rest", maxInFlight: 16, maxQueue: 0 },
  { title: "waits 20 ms, 16 permits, queue of 16", name: "load.rest", maxInFlight: 16, maxQueue: 16 },
  { title: "computes 2 ms, 16 permits, queue of 16", name: "load.work", maxInFlight: 16, maxQueue: 16 },
  { title: "computes 2 ms, 4 permits, queue of 16", name: "load.work", maxInFlight: 4, maxQueue: 16 },
];

if (process.argv[2] === "host") await host(process.argv[3], process.argv[4], Number(process.argv[5]));
else await run();

async function run() {
  const folder = await mkdtemp(join(tmpdir(), "sf-"));
  await mkdir(join(folder, "functions"));
  await writeFile(join(folder, "functions", "load.ts"), functions);
  process.stdout.write(
    "| function, limits | light alone: p50, p99 | beside | ratios | light refused | heavy refused |\n",
  );
  process.stdout.write("| --- | --- | --- | --- | --- | --- |\n");
  for (const { title, name, maxInFlight, maxQueue } of setups) {
    const socket = join(folder, "s");
    const limits = { maxInFlight, maxInFlightPerFunction: maxInFlight, maxQueue };
    const splice = await createSplice({ functions: join(folder, "functions"), socket, limits });
    const alone = await start(socket, name, lightParallel);
    const [heavy, light] = await Promise.all([
      start(socket, name, heavyParallel),
      sleep(500).then(() => start(socket, name, lightParallel)),
    ]);
    await splice.close();
    const part = ({ refused, ok }) => `${String(refused)} of ${String(refused + ok)}`;
    const figures = [alone, light].map(({ p50, p99 }) => `${p50.toFixed(1)}, ${p99.toFixed(1)} ms`);
    const ratio = `${(light.p50 / alone.p50).toFixed(2)}, ${(light.p99 / alone.p99).toFixed(2)}`;
    process.stdout.write(`| ${[title, ...figures, ratio, part(light), part(heavy)].join(" | ")} |\n`);
  }
  await rm(folder, { recursive: true, force: true });
}

async function start(socket, name, parallel) {
  const child = spawn(process.execPath, [self, "host", socket, name, String(parallel)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  return JSON.parse(await text(child.stdout));
}

/** One host: `parallel` calls under way, after a refusal the pause it asks for. The first half second does not count. */
async function host(socket, name, parallel) {
  const splice = await connect({ socket, waitMs: 5000 });
  const times = [];
  let refused = 0;
  const beginAt = performance.now() + 500;
  const endAt = beginAt + measureMs + (parallel > lightParallel ? 1500 : 0);
  const one = async () => {
    while (performance.now() < endAt) {
      const at = performance.now();
      try {
        await splice.call(name, { at });
        if (at >= beginAt) times.push(performance.now() - at);
      } catch (error) {
        if (error.code !== 3002) throw error;
        refused += 1;
        await sleep(error.details.retryAfterMs);
      }
    }
  };
  await Promise.all(Array.from({ length: parallel }, one));
  await splice.close();
  times.sort((a, b) => a - b);
  const [p50, p99] = [0.5, 0.99].map((part) => times[Math.ceil(times.length * part) - 1] ?? 0);
  process.stdout.write(JSON.stringify({ p50, p99, refused, ok: times.length }));
}
