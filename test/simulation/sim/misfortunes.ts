// What happens by itself while hosts call: to the machine, to hosts, to the supervisor, and by its operator's hand. Each
// kind of it at times of its own, as often as the run's mixture of faults says.

import type { FaultKind } from "./faults.js";
import type { SimHost } from "./host.js";
import { laterPool } from "./settings.js";
import { laterPools, type World } from "./world.js";

export const longestStallMs = 1000;

export class Misfortunes {
  readonly #world: World;
  readonly #random: () => number;
  /** Breakers that were tripped by hand, of functions and of pools. */
  readonly #tripped = new Set<string>();
  /** Pools that were not added yet. */
  readonly #later = [...laterPools];
  #stalledUntilMs = -Infinity;

  constructor(world: World) {
    this.#world = world;
    this.#random = world.sim.random("misfortune");
  }

  plan(untilMs: number): void {
    for (const [kind, happen] of [...this.#toMachine(), ...this.#toHosts(), ...this.#byOperator()])
      this.#plan(kind, happen, untilMs);
  }

  /** What was tripped by hand stays so until it is reset by hand. */
  resetBreakers(): void {
    for (const name of this.#tripped) this.#command(name, "reset");
  }

  #plan(kind: FaultKind, happen: () => boolean, untilMs: number): void {
    const { sim, faults, outside } = this.#world;
    const rate = faults.rates.get(kind);
    if (rate === undefined) return;
    const again = (): void => {
      const waitMs = (-Math.log(1 - this.#random()) * 400) / rate ** 0.5;
      if (sim.nowMs + waitMs > untilMs) return;
      sim.after(waitMs, `fault ${kind}`, outside, () => {
        if (!faults.isOn) return;
        if (happen()) faults.happened(kind);
        again();
      });
    };
    again();
  }

  #one<T>(all: readonly T[]): T | undefined {
    return all[Math.floor(this.#random() * all.length)];
  }

  #toMachine(): [FaultKind, () => boolean][] {
    const { sim, machine, supervisor, outside } = this.#world;
    return [
      [
        "crash",
        () => {
          const process = this.#one(machine.alive);
          process?.die(null, "SIGKILL");
          return process !== undefined;
        },
      ],
      [
        "stop",
        () => {
          const process = this.#one(machine.alive);
          process?.standStill(this.#random() * 3000);
          return process !== undefined;
        },
      ],
      [
        "clog",
        () => {
          const link = this.#one(this.#world.links);
          link?.clog(this.#random() * 2000);
          return link !== undefined;
        },
      ],
      [
        "stall",
        () => {
          // One at a time, so that nothing is later than one of them is long.
          if (sim.nowMs < this.#stalledUntilMs + longestStallMs) return false;
          const stallMs = this.#random() * longestStallMs;
          this.#stalledUntilMs = sim.nowMs + stallMs;
          supervisor.stop();
          sim.after(stallMs, "lets the supervisor go on", outside, () => {
            supervisor.go();
          });
          return true;
        },
      ],
    ];
  }

  #toHosts(): [FaultKind, () => boolean][] {
    const { sim, hosts } = this.#world;
    const toOne = (happen: (host: SimHost) => void) => (): boolean => {
      const host = this.#one(hosts.filter(({ isGone, isOpen }) => isOpen && !isGone));
      if (host !== undefined) happen(host);
      return host !== undefined;
    };
    const leaves = (how: Parameters<SimHost["leave"]>[0]) =>
      toOne((host) => {
        host.leave(how);
      });
    return [
      ["hostReset", leaves("reset")],
      ["hostLeaves", leaves("ends")],
      ["hostBreach", leaves("breaks the protocol")],
      [
        "hostReadsNot",
        toOne((host) => {
          host.end.pause();
          sim.after(this.#random() * 5000, "reads on", host.owner, () => {
            host.end.resume();
          });
        }),
      ],
    ];
  }

  /** In the supervisor's own process, so that it waits for one that stands still. */
  #byOperator(): [FaultKind, () => boolean][] {
    const { sim, system, supervisor, config, faults } = this.#world;
    const soon = (happen: () => void) => (): boolean => {
      sim.after(0, "is told something", supervisor, () => {
        // It may have stood still until nothing was to go wrong any more.
        if (faults.isOn) happen();
      });
      return true;
    };
    const poolName = (): string => this.#one(config.pools)?.name ?? "";
    return [
      [
        "kill",
        soon(() => {
          system.kill(`${poolName()}:1`);
        }),
      ],
      [
        "trip",
        soon(() => {
          const name = this.#random() < 0.3 ? poolName() : `${poolName()}.slow`;
          const isReset = this.#tripped.delete(name);
          if (!isReset) this.#tripped.add(name);
          this.#command(name, isReset ? "reset" : "trip");
        }),
      ],
      [
        "addPool",
        soon(() => {
          const name = this.#later.shift();
          if (name === undefined) return;
          const pool = laterPool(name, this.#random);
          system.addPool(pool, { pool, program: "sim", args: [] }).then(
            () => {
              sim.note(`pool ${name} was added`);
            },
            (error: unknown) => {
              sim.note(`pool ${name} was not added: ${String(error)}`);
            },
          );
        }),
      ],
      [
        "reload",
        soon(() => {
          const reloading = system.reload(
            this.#random() < 0.5 ? poolName() : undefined,
            this.#random() < 0.5,
          );
          if (reloading === false) return;
          void reloading.then(({ ok }) => {
            sim.note(`a reload was ${ok ? "done" : "not done"}`);
          });
        }),
      ],
      [
        "removePool",
        soon(() => {
          const name = this.#one(laterPools) ?? "";
          void system.removePool(name, this.#random() * 1000);
        }),
      ],
    ];
  }

  #command(name: string, action: "trip" | "reset"): void {
    const { system } = this.#world;
    if (name.includes(".")) system.commandBreaker(name, action);
    else system.commandPoolBreaker(name, action);
  }
}
