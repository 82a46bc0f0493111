import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { buildSync } from "esbuild";
import type { FuzzReport } from "./fuzz-child.js";

/** A share of what `npm run fuzz` tries. */
const count = 100_000;
const seed = 20_260_101;

let folder = "";
let script = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "splice-fuzz-"));
  script = join(folder, "fuzz.mjs");
  const entryPoints = ["test/protocol/fuzz-child.ts"];
  buildSync({
    entryPoints,
    outfile: script,
    bundle: true,
    platform: "node",
    format: "esm",
    logLevel: "error",
  });
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

test("mutated frames are messages or ProtocolErrors, cost at most 8 times their bytes and 1 MiB, and touch no prototype", () => {
  const flags = ["--expose-gc", "--max-old-space-size=96", "--max-semi-space-size=32"];
  const child = spawnSync(process.execPath, [...flags, script, String(count), String(seed)], {
    encoding: "utf8",
  });
  expect(child.stderr).toBe("");
  expect([child.status, child.signal]).toStrictEqual([0, null]);
  const { verdicts, worstFactor, allowedFactor } = JSON.parse(child.stdout) as FuzzReport;
  expect(worstFactor).toBeLessThan(allowedFactor);
  // Every outcome was really met: a mutation that is always refused at the first byte would test nothing.
  for (const verdict of Object.values(verdicts)) expect(verdict).toBeGreaterThan(count / 1000);
}, 100_000);
