// What each generation of each pool runs. The generations that may still have workers are kept; which of them serves,
// others decide.

import type { Launches, PoolLaunch } from "./worker-command.js";

/** One serves, one may be starting, and one before them may have calls left; one more for a build that comes to nothing. */
const generationsKept = 4;

const firstGeneration = 1;

export class LaunchBook implements Launches {
  readonly #pools = new Map<string, Map<number, PoolLaunch>>();
  readonly #listeners = new Map<string, Set<() => void>>();
  /** By pool: the files that keep its next generation from being made. */
  readonly #toMend = new Map<string, readonly string[]>();

  constructor(first: ReadonlyMap<string, PoolLaunch>) {
    for (const [pool, launch] of first) this.set(pool, firstGeneration, launch);
  }

  get(pool: string, generation: number): PoolLaunch | undefined {
    return this.#pools.get(pool)?.get(generation);
  }

  /** Of the newest generation that was made, whether it came into service or not. */
  latest(pool: string): PoolLaunch | undefined {
    return [...(this.#pools.get(pool)?.values() ?? [])].at(-1);
  }

  /** `serving` is kept whatever comes: its workers may have to be started again. */
  set(pool: string, generation: number, launch: PoolLaunch, serving = generation): void {
    const launches = this.#pools.get(pool) ?? new Map<number, PoolLaunch>();
    // Set anew, so that the last in the map is the newest.
    launches.delete(generation);
    launches.set(generation, launch);
    this.#pools.set(pool, launches);
    for (const old of launches.keys()) {
      if (launches.size <= generationsKept) break;
      if (old !== serving) launches.delete(old);
    }
    this.noteToMend(pool, []);
  }

  noteToMend(pool: string, files: readonly string[]): void {
    this.#toMend.set(pool, files);
    for (const listener of this.#listeners.get(pool) ?? []) listener();
  }

  /** What the newest generation was made from, and what keeps a newer one from being made. */
  inputs(pool: string): readonly string[] {
    return [...(this.latest(pool)?.artefact?.inputs.keys() ?? []), ...(this.#toMend.get(pool) ?? [])];
  }

  /** From now on, whenever `inputs` may be others. Returns what ends it. */
  follow(pool: string, listener: () => void): () => void {
    const listeners = this.#listeners.get(pool) ?? new Set();
    this.#listeners.set(pool, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  remove(pool: string): void {
    this.#pools.delete(pool);
    this.#toMend.delete(pool);
    this.#listeners.delete(pool);
  }
}
