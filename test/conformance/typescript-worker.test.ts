// Our own worker keeps the rules that it asks of others.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { brokenText, namesOf, tryWorker, typescriptWorker } from "./subjects.js";

jest.setTimeout(120_000);

let outDir = "";
let command: readonly [string, ...string[]];

beforeAll(async () => {
  outDir = await mkdtemp(join(tmpdir(), "sc-"));
  command = await typescriptWorker(outDir);
});

afterAll(async () => {
  await rm(outDir, { recursive: true, force: true });
});

test("every rule holds", async () => {
  const report = await tryWorker(command);
  expect(brokenText(report)).toBe("");
  expect(namesOf(report, "skipped")).toEqual(["links/socket"]);
  expect(report.ok).toBe(true);
});

test("over a socket too", async () => {
  const report = await tryWorker(command, { link: "socket", topics: ["links"] });
  expect(brokenText(report)).toBe("");
  expect(namesOf(report, "held")).toContain("links/socket");
});
