// Workers that break one thing each: the suite names exactly the rules that this breaks, and no other. They live in this
// process, on real sockets; that processes are judged alike is seen of one of them, and by the tests of splice conform.

import { join } from "node:path";
import { describe, expect, jest, test } from "@jest/globals";
import { brokenText, conformFixtures, namesOf, tryByHand, tryWorker } from "./subjects.js";

jest.setTimeout(120_000);

/** What never comes is waited for so long in each broken rule. */
const patienceMs = 3000;

/** Where the workers below break anything, and more. */
const topics = ["handshake", "errors", "cancel", "credit", "shutdown", "frames", "silence"];

test("a worker that keeps the rules has none named, and what it does not offer is never said to hold", async () => {
  const report = await tryByHand("right", { patienceMs });
  expect(brokenText(report)).toBe("");
  const reasons = report.rules.flatMap(({ name, outcome, reason }) =>
    outcome === "skipped" ? [`${name}: ${String(reason)}`] : [],
  );
  expect(reasons).toContain("input/read: not offered: input stream (capability bit 8)");
  expect(reasons).toContain("deadlines/none: needs conform.context");
  expect(reasons).toContain("credit/larger-chunk: needs conform.bytes");
  expect(report.rules.length).toBe(report.held + report.skipped);
});

const broken: readonly [worker: string, rules: readonly string[]][] = [
  ["no-cancel-ack", ["cancel/acknowledged", "cancel/unknown"]],
  ["adds-credit", ["credit/absolute"]],
  ["forgets-pieces", ["frames/cut-short", "frames/cut-call"]],
  ["any-version", ["handshake/wrong-version"]],
  ["leaves-calls", ["shutdown/finishes", "shutdown/everything-sent", "shutdown/streams"]],
  ["stays", ["frames/end-inside", "silence/left-early", "silence/left", "silence/left-busy"]],
];

describe("a worker that", () => {
  test.each(broken)("%s", async (worker, rules) => {
    const report = await tryByHand(worker, { patienceMs, topics });
    expect(namesOf(report, "broken")).toEqual(rules);
    expect(report.ok).toBe(false);
  });
});

test("a process that stays is seen to stay", async () => {
  const command = [process.execPath, join(conformFixtures, "broken/worker.mjs"), "stays"] as const;
  const report = await tryWorker(command, { patienceMs, topics: ["silence"] });
  expect(namesOf(report, "broken")).toEqual(["silence/left-early", "silence/left", "silence/left-busy"]);
});

test("a program that is no worker breaks the first rule, and nothing of it is said to hold", async () => {
  const report = await tryWorker([process.execPath, "--eval", "0"], { patienceMs, topics });
  expect(namesOf(report, "broken")).toContain("handshake/first");
  expect(namesOf(report, "held")).toEqual([]);
  expect(report).toMatchObject({ ok: false, capabilities: null });
});
