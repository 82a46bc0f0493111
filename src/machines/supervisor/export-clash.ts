// Whether two pools export the same name. Pure.

import type { ExportMetadata } from "../../protocol/messages.js";

/** A sentence that names the function and both pools, or null when every name has one home. */
export function findExportClash(
  exportsByPool: ReadonlyMap<string, readonly ExportMetadata[]>,
): string | null {
  const homes = new Map<string, string>();
  for (const [pool, exported] of exportsByPool) {
    for (const { name } of exported) {
      const home = homes.get(name);
      if (home !== undefined && home !== pool) {
        return `The pools ${home} and ${pool} both export ${name}; rename it in one of them, since a name has one home.`;
      }
      homes.set(name, pool);
    }
  }
  return null;
}
