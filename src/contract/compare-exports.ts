// What callers of the old exports would notice of the new ones: nothing, more to call, or something that is missing.
// Pure, from two lists of exports; what follows from the verdict is the reload manager's business.

import type { ExportMetadata } from "../protocol/messages.js";
import { isAtLeastAsWide } from "./schema-width.js";

/** `identical`: nothing. `additive`: there is more, and all that could be called before still can. `breaking`: it cannot. */
export type Verdict = "identical" | "additive" | "breaking";

export interface Comparison {
  readonly verdict: Verdict;
  /** What a caller would miss, as clauses; empty unless it is breaking. */
  readonly breaks: readonly string[];
}

/**
 * A function that is gone or streams where it did not, params that take less than before, and results that may be what
 * they could not be before, break callers. That a function needs no `await` any more does not.
 */
export function compareExports(
  before: readonly ExportMetadata[],
  after: readonly ExportMetadata[],
): Comparison {
  const now = new Map(after.map((exported) => [exported.name, exported]));
  const breaks = before.flatMap((old) => breaksOf(old, now.get(old.name)));
  if (breaks.length > 0) return { verdict: "breaking", breaks };
  const isSame =
    before.length === after.length &&
    before.every(({ name, paramsSchema, returnSchema }) => {
      const other = now.get(name);
      return other?.paramsSchema === paramsSchema && other.returnSchema === returnSchema;
    });
  return { verdict: isSame ? "identical" : "additive", breaks };
}

function breaksOf(old: ExportMetadata, now: ExportMetadata | undefined): string[] {
  const { name } = old;
  if (now === undefined) return [`${name} is gone`];
  if (now.isStreaming !== old.isStreaming)
    return [now.isStreaming ? `${name} has become a stream` : `${name} is no stream any more`];
  const found: string[] = [];
  if (!isWider(now.paramsSchema, old.paramsSchema)) found.push(`the params of ${name} take less than before`);
  if (!isWider(old.returnSchema, now.returnSchema))
    found.push(`the result of ${name} may be what it could not be before`);
  return found;
}

/** A text that is no schema says nothing of what is taken. */
function isWider(wider: string, narrower: string): boolean {
  return wider === narrower || isAtLeastAsWide(schemaOf(wider), schemaOf(narrower));
}

function schemaOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return true;
  }
}
