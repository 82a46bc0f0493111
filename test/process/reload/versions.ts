// A folder of functions that a test edits while they are called, and the system on it. Each version says which it is.

import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { SpliceConfig } from "../../../src/config/types.js";
import type { ReloadReport } from "../../../src/contract/reload-report.js";
import { fixtures, makeFolder, startSystem, type SystemOptions, type TestSystem } from "../harness.js";

export const executionLog = join(fixtures, "faults/functions/_execution-log.ts");

/** `app.version` says `n`, `app.slow` waits for `ms` first, and `more` is source that follows. */
export function source(n: number | string, more = ""): string {
  return `
import { setTimeout as sleep } from "node:timers/promises";
import { logged, type Keyed } from "./_execution-log.js";
export const version = (params: Keyed) => logged(params, () => ${JSON.stringify(n)});
export const slow = (params: Keyed & { ms: number }) =>
  logged(params, async () => { await sleep(params.ms); return ${JSON.stringify(n)}; });
${more}`;
}

export interface Versions {
  readonly functions: string;
  readonly file: string;
  write(text: string): Promise<void>;
}

export async function makeVersions(first: string): Promise<Versions> {
  const functions = join(await makeFolder(), "functions");
  await mkdir(functions);
  await copyFile(executionLog, join(functions, "_execution-log.ts"));
  const file = join(functions, "app.ts");
  await writeFile(file, first);
  return { functions, file, write: (text) => writeFile(file, text) };
}

export async function startOn(
  { functions }: Versions,
  config: SpliceConfig = {},
  options: SystemOptions = {},
): Promise<TestSystem> {
  return startSystem({ functions, ...config }, options);
}

export function reload({ splice }: TestSystem): Promise<ReloadReport> {
  return splice.reload();
}

/** What `app.version` says now. */
export async function versionOf(system: TestSystem): Promise<unknown> {
  const { code, value } = await system.call("app.version");
  return code === 0 ? (value as { readonly value: unknown }).value : code;
}

/** Generations that had a process at one moment, at most. */
export function mostGenerations(seen: readonly (readonly number[])[]): number {
  return Math.max(...seen.map((generations) => new Set(generations).size));
}
