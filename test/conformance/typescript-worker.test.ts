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

test("no rule is broken, and every one is tried that this version has something for", async () => {
  const report = await tryWorker(command);
  expect(brokenText(report)).toBe("");
  const skipped = report.rules.filter(({ outcome }) => outcome === "skipped");
  const others = skipped.filter(({ reason }) => reason?.startsWith("not offered: ") !== true);
  expect(others.map(({ name }) => name)).toEqual(["links/socket"]);
  expect(namesOf(report, "held").length).toBeGreaterThan(80);
});

test("over a socket too", async () => {
  const report = await tryWorker(command, { link: "socket", topics: ["links"] });
  expect(brokenText(report)).toBe("");
  expect(namesOf(report, "held")).toContain("links/socket");
});
