import { describe, expect, test } from "@jest/globals";
import { journalKinds, type JournalKind } from "../../src/dispatch/journal.js";
import type { InstanceId } from "../../src/ids.js";
import { callEventOf } from "../../src/machines/call/journal-events.js";
import { callMachine } from "../../src/machines/call/machine.js";
import { CallLockStep } from "../../src/system/call-lock-step.js";

/** Takes `kinds`, all of worker 1 where none is named, until one is refused. */
function walk(...steps: readonly (JournalKind | readonly [JournalKind, number])[]) {
  const call = new CallLockStep();
  for (const step of steps) {
    const [kind, instance] = typeof step === "string" ? ([step, 1] as const) : step;
    const difference = call.take({ kind, instance: instance as InstanceId });
    if (difference !== null) return difference;
  }
  return `${call.state}${call.isOver ? ", over" : ""}`;
}

test("every event of the chart is an entry of the journal, and of the other entries none is an event", () => {
  const events = journalKinds.map((kind) => callEventOf(kind)).filter((type) => type !== undefined);
  expect([...events].sort()).toEqual([...callMachine.events].sort());
  expect(journalKinds.filter((kind) => callEventOf(kind) === undefined)).toEqual([
    "spawn",
    "ready",
    "drain",
    "exit",
  ]);
  expect(callEventOf("toString")).toBeUndefined();
});

describe("a call in lock-step with its chart", () => {
  test("goes from state to state", () => {
    expect(walk("accept", "dispatch", "settle", "release")).toBe("settled, over");
    expect(walk("enqueue", "accept", "dispatch", "stream", "cancel")).toBe("cancelling");
    expect(walk("reject")).toBe("refused, over");
  });

  test("is not moved by what is about no call, nor by an answer of a worker that does not have it", () => {
    expect(walk("accept", "ready", ["late", 2], "dispatch", ["late", 2], "drain")).toBe("dispatched");
    expect(walk("accept", "dispatch", "settle", ["late", 2], ["late", 1], "release", "late")).toBe(
      "settled, over",
    );
  });

  test("says where the two differ, and by which way they got there", () => {
    expect(walk("accept", "dispatch", "settle", "settle")).toBe(
      "The call chart is in answered and takes no caller.answered there, which dispatch has done; before it came accept, dispatch, settle.",
    );
    expect(walk("release")).toMatch(/is in arriving and takes no slot.released .* before it came nothing\.$/);
    expect(walk("reject", "accept")).toMatch(/is in refused/);
  });
});
