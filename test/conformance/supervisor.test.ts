// The host side of a real supervisor, with our own worker behind it, keeps every rule that a host relies on.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { resolveConfig } from "../../src/config/resolve.js";
import { startSplice } from "../../src/host/start-splice.js";
import type { Log } from "../../src/log.js";
import { brokenText, conformFixtures, namesOf, trySupervisor } from "./subjects.js";
import type { SuiteReport } from "../../src/testing/conform/run-suite.js";

jest.setTimeout(120_000);

/** What a supervisor says of every host that breaks a rule is none of the tests. */
const silent: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

let folder = "";
let report: SuiteReport;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sc-"));
  const socket = join(folder, "s.sock");
  const config = { functions: join(conformFixtures, "functions"), socket };
  const resolved = resolveConfig(config, { cwd: folder, defaultWorkers: 1 });
  const splice = await startSplice(resolved, { log: silent });
  try {
    report = await trySupervisor(socket);
  } finally {
    await splice.close({ drainMs: 0 });
  }
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

test("no rule is broken", () => {
  expect(brokenText(report)).toBe("");
});

test("every rule is tried", () => {
  expect(namesOf(report, "skipped")).toEqual([]);
  expect(report.ok).toBe(true);
});
