// What the tests of single configuration keys have in common: a system with one setting that is not the default, and what
// can be seen of it from outside.

import { existsSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "@jest/globals";
import type { SpliceConfig } from "../../../../src/config/types.js";
import {
  fixtures,
  startSystem,
  until,
  type Outcome,
  type SystemOptions,
  type TestSystem,
} from "../../harness.js";

/** For every key of a section a test that fails when the key is read and then ignored. */
export type Effects<Section> = { readonly [Key in keyof Required<Section>]: () => Promise<void> };

export const functions = join(fixtures, "faults/functions");
export const fake = (mode = "serve"): readonly string[] => [
  process.execPath,
  join(fixtures, "faults/worker.mjs"),
  mode,
];

/** Starts a system, looks at it, and ends it with the history checker. */
export async function inSystem(
  config: SpliceConfig,
  look: (system: TestSystem) => Promise<unknown>,
  options?: SystemOptions,
): Promise<void> {
  const system = await startSystem(config, options);
  await look(system);
  await letGo(system);
  await system.end();
}

const fileOf = (system: TestSystem) => join(system.folder, "go");

/** A call that ends when `letGo` says so. */
export function hold(system: TestSystem, timeoutMs?: number): Promise<Outcome> {
  return system.call("work.hold", { file: fileOf(system) }, timeoutMs === undefined ? {} : { timeoutMs });
}

export async function letGo(system: TestSystem): Promise<void> {
  if (existsSync(system.folder)) await writeFile(fileOf(system), "");
}

/** From now on calls of `hold` wait again. */
export async function holdBack(system: TestSystem): Promise<void> {
  await rm(fileOf(system), { force: true });
}

export async function killWorker(system: TestSystem): Promise<void> {
  const ends = system.journal.of("exit").length;
  process.kill(await system.pid(), "SIGKILL");
  await until("its end is noticed", () => system.journal.of("exit").length > ends);
}

/** Lets time itself pass, where that is what a setting is about. */
export const pass = (ms: number): Promise<void> => sleep(ms);

export const typesOf = ({ events }: TestSystem) => events.map(({ type }) => type);

export const happens = (system: TestSystem, type: string) =>
  until(`${type} happens`, () => (typesOf(system) as string[]).includes(type));

/** From the end of the first process to the start of the second. */
export function firstWaitMs({ journal }: TestSystem): number {
  const [[exit], [, spawn]] = [journal.of("exit"), journal.of("spawn")];
  return (spawn?.atMs ?? NaN) - (exit?.atMs ?? NaN);
}

/** True when it ends before the time at which a default would have it end. */
export async function isBefore(defaultMs: number, end: Promise<unknown>): Promise<boolean> {
  const late = new AbortController();
  const isFirst = await Promise.race([
    end.then(() => true),
    sleep(defaultMs, false, { signal: late.signal, ref: false }),
  ]);
  late.abort();
  await end;
  return isFirst;
}

export function expectCode(code: number, ...outcomes: readonly Outcome[]): void {
  expect(outcomes.map((outcome) => outcome.code)).toEqual(outcomes.map(() => code));
}
