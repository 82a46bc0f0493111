// A good client of a supervisor, alone and beside 170 hostile ones (hostile-hosts.mjs).

import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { openLoop } from "../../load.mjs";
import { descriptorsOf, residentMib } from "../../processes.mjs";
import { percentile } from "../tools.mjs";

export const contenders = ["splice-supervisor"];
const hosts = fileURLToPath(new URL("../hostile-hosts.mjs", import.meta.url));

export async function run({ start }, { isQuick }) {
  const pool = await start({ workers: 1, perWorker: 1 });
  const call = () => pool.call("echo", { id: 1 });
  const { pid, socket } = pool.supervisor;
  const measure = async () => {
    const times = [];
    let failed = 0;
    await openLoop(call, 1000, isQuick ? 1500 : 5000, (_, ms, error) => {
      times.push(ms);
      if (error !== null) failed += 1;
    });
    return { p50Ms: percentile(times, 0.5), p99Ms: percentile(times, 0.99), failed };
  };
  await measure();
  const descriptorsBefore = descriptorsOf(pid);
  const resident = [residentMib(pid)];
  const rounds = [];
  for (let round = 0; round < (isQuick ? 1 : 3); round += 1) {
    const alone = await measure();
    const beside = await besideHostileHosts(socket, measure);
    rounds.push({ alone, beside });
    resident.push(residentMib(pid));
  }
  const descriptorsMore = descriptorsOf(pid) - descriptorsBefore;
  await pool.close();
  const middle = (values) => percentile(values, 0.5);
  return {
    aloneP99Ms: middle(rounds.map(({ alone }) => alone.p99Ms)),
    besideP99Ms: middle(rounds.map(({ beside }) => beside.p99Ms)),
    p99Ratio: middle(rounds.map(({ alone, beside }) => beside.p99Ms / alone.p99Ms)),
    p50Ratio: middle(rounds.map(({ alone, beside }) => beside.p50Ms / alone.p50Ms)),
    failed: rounds.reduce((sum, { beside }) => sum + beside.failed, 0),
    descriptorsMore,
    residentMib: resident,
  };
}

/** Runs `measure` while the hostile hosts are connected, and half a second after their end resolves with what it did. */
export async function besideHostileHosts(socket, measure) {
  const child = spawn(process.execPath, [hosts, socket], { stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout, "data");
  await sleep(500);
  const figures = await measure();
  child.kill("SIGKILL");
  await once(child, "exit");
  await sleep(500);
  return figures;
}
