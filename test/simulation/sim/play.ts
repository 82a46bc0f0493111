// One run from its seed: a start, a time in which hosts call and things go wrong, a time in which nothing does, the end. Two
// things are proved by it: that no rule is broken on the way, and that it is all well again when the faults are over.

import { expectHistory } from "../../../src/testing/history/expect-history.js";
import type { InspectionEvent } from "xstate";
import type { FaultKind } from "./faults.js";
import type { HostCall, SimHost } from "./host.js";
import { firstLargeSeed, largestResultBytes } from "./large-seeds.js";
import { longestStallMs, Misfortunes } from "./misfortunes.js";
import { withoutRealTime } from "./no-real-time.js";
import { laterPools, World } from "./world.js";

/** More events than this in one run are a livelock. */
const maxEvents = 50_000;

export interface PlayOptions {
  /** Kinds of fault that are off, whatever the seed says. */
  readonly without?: readonly FaultKind[];
  /** The most calls. */
  readonly maxCalls?: number;
  readonly inspect?: ((world: World, event: InspectionEvent) => void) | undefined;
  /** Lines of the trace; default 200. */
  readonly keptLines?: number | undefined;
}

export interface Played {
  readonly seed: number;
  readonly world: World;
  readonly error: unknown;
}

/** Never throws: what went wrong is in `error`. */
export async function play(seed: number, options: PlayOptions = {}): Promise<Played> {
  const isLarge = seed >= firstLargeSeed;
  // Large results through kernels of a few bytes would be more events than a run may have.
  const without = new Set([...(options.without ?? []), ...(isLarge ? (["tinyKernel"] as const) : [])]);
  const world = new World(seed, { ...options, without });
  try {
    await withoutRealTime(world.sim, () => new Run(world, options.maxCalls ?? Infinity, isLarge).play());
    return { seed, world, error: null };
  } catch (error) {
    return { seed, world, error };
  }
}

class Run {
  readonly #world: World;
  readonly #random: () => number;
  readonly #maxCalls: number;
  /** Null: results are as small as can be. */
  readonly #sizes: (() => number) | null;
  readonly #misfortunes: Misfortunes;
  #keys = 0;
  #isToldToStop = false;

  constructor(world: World, maxCalls: number, isLarge: boolean) {
    this.#world = world;
    this.#sizes = isLarge ? world.sim.random("sizes") : null;
    this.#random = world.sim.random("workload");
    this.#maxCalls = maxCalls;
    this.#misfortunes = new Misfortunes(world);
  }

  async play(): Promise<void> {
    const { world } = this.#parts();
    await this.#start();
    const durationMs = 500 + this.#random() * 10_000;
    const isToStop = this.#random() < 0.3;
    if (world.startedAs === "ready") {
      this.#planCalls(durationMs);
      this.#misfortunes.plan(world.sim.nowMs + durationMs);
      await this.#advance(isToStop ? this.#random() * durationMs : durationMs);
      if (isToStop && !this.#isToldToStop) this.#stopWithFaults();
      if (!isToStop && !this.#isToldToStop) {
        await this.#heal();
        await this.#probe();
      }
    }
    await this.#end(isToStop || this.#isToldToStop);
  }

  #parts() {
    const { world } = this;
    return { world, sim: world.sim, system: world.system, faults: world.faults, config: world.config };
  }

  get world(): World {
    return this.#world;
  }

  async #advance(ms: number, isDone?: () => boolean): Promise<void> {
    const { sim } = this.#world;
    await sim.run(sim.nowMs + ms, maxEvents, isDone);
  }

  async #start(): Promise<void> {
    const { world, sim, system, faults, config } = this.#parts();
    if (faults.fires("stopInStart", 0.5)) {
      sim.after(this.#random() * 60, "is told to stop", world.supervisor, () => {
        this.#isToldToStop = true;
        world.isAccepting = false;
        if (this.#random() < 0.5) system.drain();
        else system.stop(config.shutdown.drainMs);
      });
    }
    await this.#advance(60_000, () => world.startedAs !== null);
    if (world.startedAs === null) throw new Error("It neither started nor failed to.");
  }

  #planCalls(durationMs: number): void {
    const { world, sim, config } = this.#parts();
    const drawnHosts = 1 + Math.floor(this.#random() * 4);
    const sizes = this.#sizes;
    const hosts = Array.from({ length: sizes === null ? drawnHosts : 1 }, () => world.connect());
    // All that it is answered with comes to lie with the supervisor.
    const [only] = hosts;
    if (sizes !== null && only !== undefined)
      sim.after((sizes() * durationMs) / 4, "reads no more", only.owner, () => {
        only.end.pause();
      });
    const drawn = 20 + Math.floor(this.#random() ** 2 * 180);
    const count = Math.min(this.#maxCalls, sizes === null ? drawn : 200);
    for (let n = 0; n < count; n++) {
      const call = this.#drawCall([...config.pools.map(({ name }) => name), ...this.#calledLater()]);
      // In bursts, so that limits bind.
      const atMs =
        Math.floor(this.#random() * 12) * (durationMs / 12) + this.#random() ** 3 * (durationMs / 12);
      const at = Math.floor(this.#random() * hosts.length);
      const first = hosts[at];
      if (first === undefined) continue;
      sim.after(atMs, `calls ${call.functionName}`, first.owner, () => {
        // Whoever has left comes back as another.
        let host = hosts[at];
        if (host === undefined || host.isGone) {
          if (!world.isAccepting) return;
          host = hosts[at] = world.connect();
        }
        host.invoke(call);
      });
    }
  }

  /** Functions of a pool that may be there or not. */
  #calledLater(): readonly string[] {
    return this.#world.faults.has("addPool") ? laterPools : [];
  }

  #drawCall(pools: readonly string[]): HostCall {
    const { faults } = this.#world;
    const random = this.#random;
    const pool = pools[Math.floor(random() * pools.length)] ?? "a";
    const name = ["echo", "slow", "slow", "items", "sum", "none"][Math.floor(random() * 5.1)] ?? "echo";
    const [deadline, cancel, wait] = [random(), random(), random()];
    const ms = random() ** 2 * 400;
    return {
      functionName: `${pool}.${name}`,
      task: {
        key: `k${String(++this.#keys)}`,
        ms,
        items: Math.floor(random() * 12),
        ...(this.#sizes === null ? {} : { bytes: Math.ceil(((1 + this.#sizes()) * largestResultBytes) / 2) }),
      },
      deadlineMs: faults.fires("shortDeadline", 5)
        ? Math.ceil(deadline * 30)
        : deadline < 0.5
          ? 0
          : deadline < 0.6
            ? 4_294_967_295
            : Math.ceil(deadline * 10_000 - 5000),
      cancelAfterMs: faults.has("cancel") && cancel < 0.3 ? wait * 2 * ms : null,
      inputItems: name === "sum" ? Math.floor(random() * 10) : null,
    };
  }

  /** Nothing goes wrong any more, and callers give up what they wait for. */
  async #heal(): Promise<void> {
    const { world, config } = this.#parts();
    this.#endFaults();
    const { maxCooldownMs } = config.restart;
    const { drainMs, shutdownMs, terminateMs } = config.shutdown;
    for (const host of world.hosts) host.cancelAll();
    await this.#advance(maxCooldownMs + config.connectTimeoutMs + drainMs + shutdownMs + terminateMs + 2000);
    for (const host of world.hosts) {
      if (!host.isGone && host.openCalls > 0)
        throw new Error(`Host ${String(host.callerId)} still waits for ${String(host.openCalls)} calls.`);
    }
  }

  #endFaults(): void {
    const { world, faults } = this.#parts();
    faults.end();
    world.supervisor.go();
    for (const process of world.machine.alive) process.goOn();
    for (const link of world.links) link.unclog();
    for (const host of world.hosts) host.end.resume();
    this.#misfortunes.resetBreakers();
  }

  /** G16: whatever has happened, calls of every function succeed now. */
  async #probe(): Promise<void> {
    const { world, system, config } = this.#parts();
    const host = world.connect();
    for (const { name: pool } of config.pools) {
      for (const name of ["echo", "slow", "items", "sum"]) {
        const task = { key: `k${String(++this.#keys)}`, ms: 5, items: 3 };
        const call = { functionName: `${pool}.${name}`, task, deadlineMs: 2000, cancelAfterMs: null };
        host.invoke({ ...call, inputItems: name === "sum" ? 3 : null });
        await this.#advance(3000, () => host.outcomes.has(task.key));
        const code = host.outcomes.get(task.key);
        if (code !== 0) throw new Error(`When all was over, ${pool}.${name} came to ${String(code)}.`);
      }
    }
    await this.#probeCancel(host);
    await this.#advance(500);
    const { dispatcher } = system;
    if (dispatcher.inFlight + dispatcher.queued > 0) throw new Error("At rest slots are taken.");
    for (const { name, gate } of dispatcher.functions)
      if (gate !== null && !gate.isOpen && !isOfLaterPool(name))
        throw new Error(`At rest the breaker of ${name} is not closed.`);
    for (const { name, breaker, workers } of system.status().pools) {
      // Of those that were added some are not started again, or have not come as far.
      if (isOfLaterPool(name)) continue;
      if (breaker.state !== "closed")
        throw new Error(`At rest the breaker of pool ${name} is ${breaker.state}.`);
      const ready = workers.filter(({ state }) => state === "ready").length;
      const planned = config.pools.find((pool) => pool.name === name)?.workers;
      if (ready !== planned || workers.length !== planned)
        throw new Error(
          `At rest pool ${name} has ${String(ready)} ready of ${String(workers.length)} workers, not ${String(planned)}.`,
        );
    }
  }

  /** A cancelled call ends, and its worker lives on. */
  async #probeCancel(host: SimHost): Promise<void> {
    const { world, config } = this.#parts();
    const spawned = world.machine.processes.length;
    const key = `k${String(++this.#keys)}`;
    const functionName = `${config.pools[0]?.name ?? ""}.slow`;
    const task = { key, ms: 60_000, items: 0 };
    host.invoke({ functionName, task, deadlineMs: 50_000, cancelAfterMs: 50, inputItems: null });
    await this.#advance(200, () => host.outcomes.has(key));
    const code = host.outcomes.get(key);
    if (code !== 2002) throw new Error(`When all was over, a cancelled call came to ${String(code)}.`);
    const isRecycled = config.pools.some(({ maxCalls }) => maxCalls !== Infinity);
    if (!isRecycled && world.machine.processes.length > spawned)
      throw new Error("A cancelled call cost its worker.");
  }

  /** As by SIGTERM, with all that goes wrong going on; perhaps twice. */
  #stopWithFaults(): void {
    const { world, sim, system, config } = this.#parts();
    world.sim.note("the supervisor is told to stop");
    world.isAccepting = false;
    if (this.#random() < 0.5) system.stop(config.shutdown.drainMs);
    else {
      system.drain();
      sim.after(this.#random() * config.shutdown.drainMs, "stops after its drain", world.supervisor, () => {
        system.stop(config.shutdown.drainMs);
      });
    }
    if (this.#random() < 0.3) {
      sim.after(this.#random() * 500, "tells the supervisor again to stop", world.supervisor, () => {
        system.stop(0);
      });
    }
  }

  async #end(isStopping: boolean): Promise<void> {
    const { world, sim, system, config } = this.#parts();
    const { drainMs, shutdownMs, terminateMs } = config.shutdown;
    if (!isStopping) this.#endFaults();
    world.isAccepting = false;
    // Said again it hurries, which one that only drains does not.
    if (!isStopping || this.#isToldToStop) system.stop(drainMs);
    await this.#advance(2 * drainMs + shutdownMs + terminateMs + 3000, () => world.hasEnded);
    if (!world.hasEnded) throw new Error("The supervisor has not come to its end.");
    this.#endFaults();
    // Timers that outlive their cause are over by then: of goodbyes, and of links that may still say something.
    await this.#advance(20_000);
    const { alive } = world.machine;
    if (alive.length > 0)
      throw new Error(`Processes outlive their supervisor: ${String(alive.map(({ pid }) => pid))}.`);
    const left = sim.pending().map(({ owner, what, atMs }) => `${owner.name} ${what} at ${String(atMs)}`);
    if (left.length > 0) throw new Error(`Something is still to happen at the end: ${left.join(", ")}.`);
    if (world.connected > 0) throw new Error(`${String(world.connected)} connections are left at the end.`);
    expectHistory({
      host: world.history,
      supervisor: [...world.journal.entries()],
      worker: world.executions,
      limits: config.limits,
      ended: true,
      settleSlackMs: 300 + (world.faults.rates.has("stall") ? longestStallMs : 0),
    });
    if (world.journal.hasWrapped) throw new Error("The journal has wrapped.");
  }
}

function isOfLaterPool(name: string): boolean {
  return laterPools.includes(name.split(".")[0] ?? "");
}
