// What every fuzz target is: so many cases from one seed, each made from a seed of its own, so that a failure can be had
// again by that alone.

import { createRandom, type SeededRandom } from "../protocol/random.js";

export interface FuzzTarget {
  readonly name: string;
  /** Cases of a run of `.ci/run`, and of a test. */
  readonly counts: { readonly ci: number; readonly test: number };
  /** Does one case; throws when something is not as it has to be. Returns what was met, for the tally. */
  one(random: SeededRandom, sent: (bytes: Uint8Array) => void): string | Promise<string>;
  begin?(): Promise<void>;
  /** Looks at what is left when all cases are done. */
  end?(): Promise<void>;
  /** Cases that run at the same time. Default 1. */
  readonly atOnce?: number;
}

export class FuzzFailure extends Error {
  override readonly name = "FuzzFailure";

  constructor(
    readonly target: string,
    readonly seed: number,
    readonly bytes: Uint8Array,
    cause: unknown,
    /** Cases that were under way at the same time, by their seeds: what fell over may have fallen over one of these. */
    readonly beside: ReadonlyMap<number, Uint8Array> = new Map(),
  ) {
    const why = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
    super(`${target}, seed ${String(seed)}: ${why}`);
  }
}

/** Cases by what came of them. Throws FuzzFailure at the first that went wrong. */
export async function runTarget(
  target: FuzzTarget,
  seed: number,
  count: number,
  onProgress: (done: number) => void = () => undefined,
): Promise<ReadonlyMap<string, number>> {
  const tally = new Map<string, number>();
  let next = 0;
  const underWay = new Map<number, Uint8Array[]>();
  const one = async (caseSeed: number): Promise<void> => {
    const sent: Uint8Array[] = [];
    underWay.set(caseSeed, sent);
    try {
      const made = target.one(createRandom(caseSeed), (bytes) => sent.push(bytes));
      const met = typeof made === "string" ? made : await made;
      tally.set(met, (tally.get(met) ?? 0) + 1);
    } catch (error) {
      underWay.delete(caseSeed);
      const beside = new Map([...underWay].map(([other, bytes]) => [other, whole(bytes)]));
      throw new FuzzFailure(target.name, caseSeed, whole(sent), error, beside);
    }
    underWay.delete(caseSeed);
  };
  const work = async (): Promise<void> => {
    while (next < count) {
      const at = next++;
      await one((seed + at) >>> 0);
      if (at % 1000 === 999) onProgress(at + 1);
    }
  };
  await target.begin?.();
  try {
    await Promise.all(Array.from({ length: target.atOnce ?? 1 }, work));
  } catch (error) {
    // What a target says at its end must not hide why it came to that.
    try {
      await target.end?.();
    } catch {
      // The other error is the one that is told.
    }
    throw error;
  }
  await target.end?.();
  return tally;
}

function whole(sent: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(sent));
}
