// The kill loop: one of two workers is killed each half second under load, for 20 s. Which calls are lost, and how
// soon another is ready, beside kills when nothing else goes on.

import { EventEmitter, once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { killLoop } from "../../faults/measurements/kill-loop.mjs";
import { patienceMs, percentile } from "../../faults/tools.mjs";

export const title = "a kill each 500 ms";
export const seconds = 20;
export const hasBaseline = false;
export const setup = {
  workers: 2,
  config: { restart: { backoffMs: [0], jitter: 0, maxRestarts: 1000 }, breaker: { quarantineCrashes: 0 } },
};
/** The worker that is looked at in the beginning does not live. */
export const hasWorker = false;

export async function run({ system, ms }) {
  const recoveries = watchRecoveries(system.splice);
  const bootMs = [];
  for (let kills = 0; kills < (ms < 5000 ? 2 : 10); kills += 1) {
    const [pid] = await system.workerPids();
    const recovered = once(recoveries.emitter, "recovered");
    recoveries.killed(pid);
    process.kill(pid, "SIGKILL");
    bootMs.push((await recovered)[0]);
    await sleep(100);
  }
  recoveries.ms.length = 0;
  const kills = Math.max(2, Math.round(ms / 500));
  const pool = { call: system.call, pids: system.workerPids };
  const loop = await killLoop(pool, { kills, onKill: recoveries.killed });
  await recoveries.all();
  recoveries.stop();
  const [boot, recoveryP99Ms] = [percentile(bootMs, 0.5), percentile(recoveries.ms, 0.99)];
  return {
    ...loop,
    bootMs: boot,
    recoveries: recoveries.ms.length,
    recoveryP50Ms: percentile(recoveries.ms, 0.5),
    recoveryP99Ms,
    recoveryTimesBoot: recoveryP99Ms === null ? null : recoveryP99Ms / boot,
  };
}

/** From each kill until the place of the killed worker has one that is ready. */
function watchRecoveries(splice) {
  const emitter = new EventEmitter();
  const killedAt = new Map();
  const deadSince = new Map();
  const ms = [];
  const subscription = splice.events$.subscribe(({ type, worker, pid }) => {
    if (type === "worker.exited" && killedAt.has(pid)) {
      deadSince.set(worker, killedAt.get(pid));
      killedAt.delete(pid);
    } else if (type === "worker.ready" && deadSince.has(worker)) {
      const took = performance.now() - deadSince.get(worker);
      deadSince.delete(worker);
      ms.push(took);
      emitter.emit("recovered", took);
    }
  });
  const killed = (pid) => killedAt.set(pid, performance.now());
  const all = async () => {
    const endAt = performance.now() + patienceMs;
    while (killedAt.size + deadSince.size > 0 && performance.now() < endAt) await sleep(10);
    // Who is not back by now counts with what it has taken so far.
    for (const since of [...killedAt.values(), ...deadSince.values()]) ms.push(performance.now() - since);
  };
  return { emitter, ms, killed, all, stop: () => subscription.unsubscribe() };
}
