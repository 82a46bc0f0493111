// What a pool's next generation runs: prepared as its first was, again and again until the files lie still, and compared
// with what runs. It starts nothing.

import { setTimeout as sleep } from "node:timers/promises";
import type { LaunchBook } from "../actors/launch-book.js";
import { areSame, readStates, unsettledMs, type FileStates } from "../actors/still-files.js";
import type { PoolLaunch } from "../actors/worker-command.js";
import type { ResolvedPool } from "../config/types.js";
import type { BuildInput } from "../machines/reload/machine.js";
import type { Clock } from "../time.js";

export interface RebuildPorts {
  readonly launches: LaunchBook;
  /** Whose time of day is that of the files. */
  readonly clock: Clock;
  /** Makes what the pool runs; aborting ends what it has started. */
  readonly prepare: (pool: ResolvedPool, signal: AbortSignal) => Promise<PoolLaunch>;
}

/** A file that is being saved does not compile for a moment, and nobody wants to read of that. */
const secondLookMs = 100;

export class Rebuild {
  readonly #ports: RebuildPorts;
  /** Of each pool's files, when they were last built from. */
  readonly #good = new Map<string, FileStates>();

  constructor(ports: RebuildPorts) {
    this.#ports = ports;
  }

  readonly build = async (input: BuildInput, signal: AbortSignal): Promise<{ readonly isSame: boolean }> => {
    const { launches } = this.#ports;
    const serving = launches.get(input.pool, input.serving);
    if (serving === undefined) throw new Error(`Pool ${input.pool} is not there any more.`);
    const launch = await this.#settled(serving, signal);
    if (signal.aborted) return { isSame: false };
    this.#good.set(input.pool, await readStates(launch.artefact?.inputs ?? []));
    const isSame = launch.artefact !== undefined && launch.artefact.hash === serving.artefact?.hash;
    if (!isSame) launches.set(input.pool, input.generation, launch);
    return { isSame };
  };

  async #settled({ pool, artefact }: PoolLaunch, signal: AbortSignal): Promise<PoolLaunch> {
    let before = await readStates(artefact?.inputs ?? []);
    const { clock } = this.#ports;
    const good = this.#good.get(pool.name) ?? before;
    if (!this.#good.has(pool.name)) this.#good.set(pool.name, before);
    let hasFailed = false;
    for (;;) {
      let launch: PoolLaunch | null = null;
      try {
        launch = await this.#ports.prepare(pool, signal);
      } catch (error) {
        if (hasFailed) throw error;
      }
      const after = await readStates(launch?.artefact?.inputs ?? before.keys());
      const leftMs = unsettledMs(good, after, clock.wallMs());
      if (launch === null) {
        hasFailed = true;
        await sleep(Math.max(secondLookMs, leftMs), undefined, { signal });
      } else if (leftMs > 0) await sleep(leftMs, undefined, { signal });
      else if (areSame(before, after)) return launch;
      before = after;
    }
  }
}
