// One run from its seed: a start, a time in which hosts call and things go wrong, a time in which nothing does, the end. Two
// things are proved by it: that no rule is broken on the way, and that it is all well again when the faults are over.

import { expectHistory } from "../../../src/testing/history/expect-history.js";
import type { InspectionEvent } from "xstate";
import { faultKinds, type FaultKind } from "./faults.js";
import type { HostCall, SimHost } from "./host.js";
import { withoutRealTime } from "./no-real-time.js";
import { World } from "./world.js";

/** More events than this in one run are a livelock. */
const maxEvents = 50_000;

const longestStallMs = 1000;

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
  const world = new World(seed, { ...options, without: new Set(options.without) });
  try {
    await withoutRealTime(world.sim, () => new Run(world, options.maxCalls ?? Infinity).play());
    return { seed, world, error: null };
  } catch (error) {
    return { seed, world, error };
  }
}

class Run {
  readonly #world: World;
  readonly #random: () => number;
  readonly #maxCalls: number;
  readonly #tripped = new Set<string>();
  #keys = 0;
  #stalledUntilMs = -Infinity;

  constructor(world: World, maxCalls: number) {
    this.#world = world;
    this.#random = world.sim.random("workload");
    this.#maxCalls = maxCalls;
  }

  async play(): Promise<void> {
    const { world } = this.#parts();
    await this.#start();
    const durationMs = 500 + this.#random() * 10_000;
    const isToStop = this.#random() < 0.3;
    if (world.startedAs === "ready") {
      this.#planCalls(durationMs);
      this.#planFaults(world.sim.nowMs + durationMs);
      await this.#advance(isToStop ? this.#random() * durationMs : durationMs);
      if (isToStop) this.#stopWithFaults();
      else {
        await this.#heal();
        await this.#probe();
      }
    }
    await this.#end(isToStop);
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
    const { world } = this.#parts();
    await this.#advance(60_000, () => world.startedAs !== null);
    if (world.startedAs === null) throw new Error("It neither started nor failed to.");
  }

  #planCalls(durationMs: number): void {
    const { world, sim, config } = this.#parts();
    const hosts = Array.from({ length: 1 + Math.floor(this.#random() * 4) }, () => world.connect());
    const count = Math.min(this.#maxCalls, 20 + Math.floor(this.#random() ** 2 * 180));
    for (let n = 0; n < count; n++) {
      const call = this.#drawCall(config.pools.map(({ name }) => name));
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

  #drawCall(pools: readonly string[]): HostCall {
    const { faults } = this.#world;
    const random = this.#random;
    const pool = pools[Math.floor(random() * pools.length)] ?? "a";
    const name = ["echo", "slow", "slow", "items", "sum", "none"][Math.floor(random() * 5.1)] ?? "echo";
    const [deadline, cancel, wait] = [random(), random(), random()];
    const ms = random() ** 2 * 400;
    return {
      functionName: `${pool}.${name}`,
      task: { key: `k${String(++this.#keys)}`, ms, items: Math.floor(random() * 12) },
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

  /** What happens to the machine, to hosts and by the operator's hand, at times of its own. */
  #planFaults(untilMs: number): void {
    const { world, sim, system, faults, config } = this.#parts();
    const random = sim.random("misfortune");
    const one = <T>(all: readonly T[]): T | undefined => all[Math.floor(random() * all.length)];
    const host = (): SimHost | undefined =>
      one(world.hosts.filter(({ isGone, isOpen }) => isOpen && !isGone));
    const act: Partial<Record<FaultKind, () => boolean>> = {
      crash: () => {
        const process = one(world.machine.alive);
        process?.die(null, "SIGKILL");
        return process !== undefined;
      },
      stop: () => {
        const process = one(world.machine.alive);
        process?.standStill(random() * 3000);
        return process !== undefined;
      },
      clog: () => {
        const link = one(world.links);
        link?.clog(random() * 2000);
        return link !== undefined;
      },
      hostReset: () => {
        const left = host();
        left?.leave("reset");
        return left !== undefined;
      },
      hostLeaves: () => {
        const left = host();
        left?.leave("ends");
        return left !== undefined;
      },
      hostBreach: () => {
        const left = host();
        left?.leave("breaks the protocol");
        return left !== undefined;
      },
      hostReadsNot: () => {
        const slow = host();
        slow?.end.pause();
        if (slow !== undefined) sim.after(random() * 5000, "reads on", slow.owner, () => slow.end.resume());
        return slow !== undefined;
      },
      stall: () => {
        const self = world.hosts[0]?.owner;
        // One at a time, so that nothing is later than one of them is long.
        if (self === undefined || sim.nowMs < this.#stalledUntilMs + longestStallMs) return false;
        const stallMs = random() * longestStallMs;
        this.#stalledUntilMs = sim.nowMs + stallMs;
        world.supervisor.stop();
        sim.after(stallMs, "lets the supervisor go on", self, () => {
          world.supervisor.go();
        });
        return true;
      },
      kill: () => system.kill(`${one(config.pools)?.name ?? ""}:1`),
      trip: () => {
        const pool = one(config.pools)?.name ?? "";
        const isPool = random() < 0.3;
        const name = isPool ? pool : `${pool}.slow`;
        const isReset = this.#tripped.delete(name);
        if (!isReset) this.#tripped.add(name);
        this.#command(name, isReset ? "reset" : "trip");
        return true;
      },
    };
    for (const kind of faultKinds) {
      const happen = act[kind];
      const rate = faults.rates.get(kind);
      if (happen === undefined || rate === undefined) continue;
      const again = (): void => {
        const waitMs = (-Math.log(1 - random()) * 400) / rate ** 0.5;
        if (sim.nowMs + waitMs > untilMs) return;
        sim.after(waitMs, `fault ${kind}`, world.supervisor, () => {
          if (!faults.isOn) return;
          if (happen()) faults.happened(kind);
          again();
        });
      };
      again();
    }
  }

  #command(name: string, action: "trip" | "reset"): void {
    const { system } = this.#world;
    if (name.includes(".")) system.commandBreaker(name, action);
    else system.commandPoolBreaker(name, action);
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
    for (const name of this.#tripped) this.#command(name, "reset");
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
    await this.#advance(500);
    const { dispatcher } = system;
    if (dispatcher.inFlight + dispatcher.queued > 0) throw new Error("At rest slots are taken.");
    for (const { name, gate } of dispatcher.functions)
      if (gate !== null && !gate.isOpen) throw new Error(`At rest the breaker of ${name} is not closed.`);
    for (const { name, breaker, workers } of system.status().pools) {
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

  /** As by SIGTERM, with all that goes wrong going on; perhaps twice. */
  #stopWithFaults(): void {
    const { world, sim, system, config } = this.#parts();
    world.sim.note("the supervisor is told to stop");
    world.isAccepting = false;
    system.stop(config.shutdown.drainMs);
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
    if (!isStopping) system.stop(drainMs);
    await this.#advance(drainMs + shutdownMs + terminateMs + 3000, () => world.hasEnded);
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
