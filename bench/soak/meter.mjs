// Watches the supervisor and its worker while a shape's load runs: memory four times a second, and before and after it
// the event loop, processor time, context switches and what is held.

import { setTimeout as sleep } from "node:timers/promises";
import {
  contextSwitches,
  cpuUs,
  descriptorsOf,
  family as familyOf,
  machineCpuUs,
  residentMib,
} from "../processes.mjs";

const everyMs = 250;
const mib = 2 ** 20;

export class Meter {
  #system;
  #workers;
  #samples = [];
  #before;
  #startedAt;
  #isOver = false;
  #sampling;

  constructor(system) {
    this.#system = system;
  }

  async start() {
    this.#workers = await this.#system.workerPids();
    this.#before = await this.#look();
    await this.#loopDelays();
    this.#startedAt = performance.now();
    this.#sampling = this.#sampleUntilOver();
  }

  /** `calls` that the load made; `hasWorker` is false where the worker of the beginning was killed. */
  async stop(calls, hasWorker = true) {
    this.#isOver = true;
    await this.#sampling;
    const loopDelay = await this.#loopDelays(hasWorker);
    const after = await this.#atRest(hasWorker);
    const before = this.#before;
    const cpuMs = before.cpuUs === null ? null : (after.cpuUs - before.cpuUs) / 1000;
    const sides = { supervisor: this.#side("supervisor", before, after, loopDelay) };
    if (hasWorker) sides.worker = this.#side("worker", before, after, loopDelay);
    return {
      cpuSecondsPer1000Calls: cpuMs === null ? null : cpuMs / calls,
      othersShare: othersShare(before.machine, after.machine),
      ...sides,
    };
  }

  /** Least squares over the last two thirds: growth of resident memory per 10 000 calls, as a share of its mean. */
  slopePer10kCalls(name, callsPerSecond) {
    const fromMs = this.#samples.at(-1).atMs / 3;
    const points = this.#samples.filter((sample) => sample.atMs >= fromMs && sample[name] !== null);
    if (points.length < 2) return null;
    const mean = (pick) => points.reduce((sum, point) => sum + pick(point), 0) / points.length;
    const meanMs = mean(({ atMs }) => atMs);
    const meanMib = mean((point) => point[name]);
    const covariance = mean((point) => (point.atMs - meanMs) * (point[name] - meanMib));
    const variance = mean(({ atMs }) => (atMs - meanMs) ** 2);
    const mibPerCall = covariance / variance / (callsPerSecond / 1000);
    return (mibPerCall * 10_000) / meanMib;
  }

  async #sampleUntilOver() {
    while (!this.#isOver) {
      const { rss, arrayBuffers } = await this.#system.askSupervisor("memory");
      this.#samples.push({
        atMs: performance.now() - this.#startedAt,
        supervisor: rss / mib,
        arrayBuffersMib: arrayBuffers / mib,
        worker: residentMib(this.#workers[0]),
      });
      await sleep(everyMs);
    }
  }

  async #look(hasWorker = true) {
    const { pid, askSupervisor, askWorker } = this.#system;
    const worker = this.#workers[0];
    const family = this.#system.family();
    const found = {
      supervisor: held(await askSupervisor("rest"), pid),
      cpuUs: cpuUs(family),
      machine: { own: cpuUs(familyOf(process.pid)), all: machineCpuUs() },
    };
    if (hasWorker) found.worker = held(await askWorker("rest"), worker);
    return found;
  }

  /** What is held is compared at rest: a timer or a socket that is just ending is given a moment. */
  async #atRest(hasWorker) {
    for (let looks = 1; ; looks += 1) {
      const found = await this.#look(hasWorker);
      const isSame = ["supervisor", "worker"].every(
        (name) => !(name in found) || differences(this.#before[name], found[name]).resources === 0,
      );
      if (isSame || looks === 6) return found;
      await sleep(500);
    }
  }

  async #loopDelays(hasWorker = true) {
    const { askSupervisor, askWorker } = this.#system;
    return {
      supervisor: await askSupervisor("loopDelay"),
      worker: hasWorker ? await askWorker("loopDelay") : null,
    };
  }

  #side(name, before, after, loopDelay) {
    const resident = this.#samples.flatMap((sample) => (sample[name] === null ? [] : [sample[name]]));
    const most = (values) => (values.length === 0 ? null : Math.max(...values));
    return {
      loopDelay: loopDelay[name],
      residentMib: { first: resident[0] ?? null, most: most(resident), last: resident.at(-1) ?? null },
      ...(name === "supervisor"
        ? { mostArrayBuffersMib: most(this.#samples.map((sample) => sample.arrayBuffersMib)) }
        : {}),
      heapRatio: after[name].heapMib / before[name].heapMib,
      before: before[name],
      after: after[name],
      more: differences(before[name], after[name]),
    };
  }
}

/** Of all processors' time, what went to others than the client, its supervisor and their children. */
function othersShare(before, after) {
  if (before.all === null) return null;
  const others = after.all.busyUs - before.all.busyUs - (after.own - before.own);
  return Math.max(0, others / (after.all.allUs - before.all.allUs));
}

function held({ heapUsed, arrayBuffers, resources }, pid) {
  return {
    heapMib: heapUsed / mib,
    arrayBuffersMib: arrayBuffers / mib,
    descriptors: descriptorsOf(pid),
    resources,
    contextSwitches: contextSwitches(pid),
  };
}

function differences(before, after) {
  const kinds = new Set([...Object.keys(before.resources), ...Object.keys(after.resources)]);
  const difference = (kind) => Math.abs((after.resources[kind] ?? 0) - (before.resources[kind] ?? 0));
  const since = (name) =>
    after.contextSwitches === null ? null : after.contextSwitches[name] - before.contextSwitches[name];
  return {
    descriptors: after.descriptors === null ? null : Math.abs(after.descriptors - before.descriptors),
    resources: [...kinds].reduce((sum, kind) => sum + difference(kind), 0),
    voluntarySwitches: since("voluntary"),
    involuntarySwitches: since("involuntary"),
  };
}
