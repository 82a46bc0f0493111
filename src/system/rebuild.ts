// What a pool's next generation runs: prepared as its first was, again and again until the files lie still, and compared
// with what runs. It starts nothing.

import { filesToMend } from "../actors/compile-error.js";
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
  /** By pool: settled when its last build has ended all that it had started. */
  readonly #last = new Map<string, Promise<unknown>>();

  constructor(ports: RebuildPorts) {
    this.#ports = ports;
  }

  /** One after the other: two in one folder would undo what each other does. */
  readonly build = (input: BuildInput, signal: AbortSignal): Promise<{ readonly isSame: boolean }> => {
    const before = this.#last.get(input.pool);
    const building = this.#build(input, signal, before);
    this.#last.set(
      input.pool,
      building.catch(() => undefined),
    );
    return building;
  };

  async #build(
    input: BuildInput,
    signal: AbortSignal,
    before: Promise<unknown> | undefined,
  ): Promise<{ readonly isSame: boolean }> {
    await before;
    signal.throwIfAborted();
    const { launches } = this.#ports;
    const serving = launches.get(input.pool, input.serving);
    if (serving === undefined) throw new Error(`Pool ${input.pool} is not there any more.`);
    const launch = await this.#settled(serving, signal);
    if (signal.aborted) return { isSame: false };
    const isSame = launch.artefact !== undefined && launch.artefact.hash === serving.artefact?.hash;
    if (!isSame) launches.set(input.pool, input.generation, launch, input.serving);
    return { isSame };
  }

  /** Rejects when it is aborted. */
  #sleep(ms: number, signal: AbortSignal): Promise<void> {
    const { clock } = this.#ports;
    return new Promise((resolve, reject) => {
      const timer = clock.setTimeout(() => {
        signal.removeEventListener("abort", giveUp);
        resolve();
      }, ms);
      const giveUp = (): void => {
        clock.clearTimeout(timer);
        reject(new Error("The build was given up."));
      };
      signal.addEventListener("abort", giveUp, { once: true });
    });
  }

  async #settled({ pool, artefact }: PoolLaunch, signal: AbortSignal): Promise<PoolLaunch> {
    const { clock, prepare } = this.#ports;
    const good = artefact?.inputs ?? (new Map() as FileStates);
    let before = await readStates(good.keys());
    let hasFailed = false;
    for (;;) {
      let launch: PoolLaunch | null = null;
      try {
        launch = await prepare(pool, signal);
      } catch (error) {
        if (signal.aborted) throw error;
        if (hasFailed) {
          this.#ports.launches.noteToMend(pool.name, filesToMend(error));
          throw error;
        }
      }
      // Now, since what was read may have been written to while the rest was.
      const after = await readStates((launch?.artefact?.inputs ?? before).keys());
      const leftMs = unsettledMs(good, after, clock.wallMs());
      if (launch === null) {
        hasFailed = true;
        await this.#sleep(Math.max(secondLookMs, leftMs), signal);
      } else if (leftMs > 0) await this.#sleep(leftMs, signal);
      else if (areSame(before, after)) return launch;
      before = after;
    }
  }
}
