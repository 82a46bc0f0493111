import { expect, test } from "@jest/globals";
import { Journal, journalKinds } from "../../src/dispatch/journal.js";

test("keeps every field of an entry", () => {
  const journal = new Journal(4);
  journal.record("accept", 1.5, 7, 0, 0, 30_000, "math.add", 3, 2n ** 63n);
  journal.record("settle", 2.5, 7, 2, 2003);
  journal.explain("It died.");
  expect([...journal.entries()]).toEqual([
    {
      kind: "accept",
      atMs: 1.5,
      callId: 7,
      instance: 0,
      code: 0,
      deadlineMs: 30_000,
      functionName: "math.add",
      callerId: 3,
      requestId: 2n ** 63n,
      reason: "",
    },
    {
      kind: "settle",
      atMs: 2.5,
      callId: 7,
      instance: 2,
      code: 2003,
      deadlineMs: 0,
      functionName: "",
      callerId: 0,
      requestId: 0,
      reason: "It died.",
    },
  ]);
});

test("is a ring: the newest entries, oldest first, with nothing left of what they replaced", () => {
  const journal = new Journal(3);
  journal.record("accept", 1, 1, 0, 0, 10, "f", 1, 1);
  journal.record("dispatch", 2, 1, 1);
  journal.record("settle", 3, 1, 1);
  expect(journal.hasWrapped).toBe(false);
  journal.explain("It is over.");
  journal.record("release", 4, 1, 1);
  journal.record("late", 5, 1, 1);
  journal.record("late", 6, 1, 1);
  expect([...journal.entries()].map(({ reason }) => reason)).toEqual(["", "", ""]);
  expect(journal.hasWrapped).toBe(true);
  const entries = [...journal.entries()];
  expect(entries.map((entry) => entry.kind)).toEqual(["release", "late", "late"]);
  expect(entries.at(-1)).toMatchObject({ functionName: "", deadlineMs: 0, callerId: 0, requestId: 0 });
});

test.each(journalKinds)("the kind %s is read as it was written", (kind) => {
  const journal = new Journal(1);
  journal.record(kind, 0, 1, 1);
  expect([...journal.entries()].map((entry) => entry.kind)).toEqual([kind]);
});

test("keeps no more of a name than 256 characters: names of any length come from outside, thousands are kept", () => {
  const journal = new Journal(2);
  journal.record("reject", 0, 0, 0, 1002, 0, "n".repeat(1_000_000));
  journal.record("reject", 0, 0, 0, 1002, 0, "m".repeat(256));
  journal.explain("r".repeat(1_000_000));
  expect([...journal.entries()].at(-1)?.reason).toBe(`${"r".repeat(255)}…`);
  const names = [...journal.entries()].map(({ functionName }) => functionName);
  expect(names).toEqual([`${"n".repeat(255)}…`, "m".repeat(256)]);
});

test("tells its observer, while it has one, of every entry as it is written", () => {
  const journal = new Journal(2);
  const facts: unknown[] = [];
  journal.record("accept", 1, 1, 0, 0, 10, "f", 1, 1);
  journal.observer = (fact) => facts.push(fact);
  journal.record("accept", 2, 7, 0, 0, 10, "n".repeat(300), 3, 4n);
  journal.record("settle", 3, 7, 2, 2003);
  journal.observer = null;
  journal.record("release", 4, 7, 2);
  const name = `${"n".repeat(255)}…`;
  expect(facts).toEqual([
    {
      kind: "accept",
      atMs: 2,
      callId: 7,
      instance: 0,
      code: 0,
      functionName: name,
      callerId: 3,
      requestId: 4n,
    },
    {
      kind: "settle",
      atMs: 3,
      callId: 7,
      instance: 2,
      code: 2003,
      functionName: "",
      callerId: 0,
      requestId: 0,
    },
  ]);
});
