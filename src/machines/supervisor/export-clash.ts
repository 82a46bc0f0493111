// Whether two pools export the same name, and how that is told. Pure.

import type { ExportMetadata } from "../../protocol/messages.js";

export interface ExportClash {
  readonly name: string;
  /** Both pools, in the order of the map. */
  readonly pools: readonly [string, string];
}

/** The first name with two homes, or null when every name has one. */
export function findExportClash(
  exportsByPool: ReadonlyMap<string, readonly ExportMetadata[]>,
): ExportClash | null {
  const homes = new Map<string, string>();
  for (const [pool, exported] of exportsByPool) {
    for (const { name } of exported) {
      const home = homes.get(name);
      if (home !== undefined && home !== pool) return { name, pools: [home, pool] };
      homes.set(name, pool);
    }
  }
  return null;
}

const remedy = "rename it in one of them, since a name has one home";

/** For a start that fails: nobody was first. */
export function clashSentence({ name, pools: [one, other] }: ExportClash): string {
  return `The pools ${one} and ${other} both export ${name}; ${remedy}.`;
}

/** Why a worker of `pool` is refused, as a clause after "because": the other pool was first. */
export function clashReason({ name, pools }: ExportClash, pool: string): string {
  const home = pools.find((each) => each !== pool) ?? pool;
  return `it exports ${name}, which the pool ${home} has already; ${remedy}`;
}
