// Our frames beside those that @statelyai/inspect itself makes of the same kind of thing.

import { expect, test } from "@jest/globals";
import { createInspector, type StatelyInspectionEvent } from "@statelyai/inspect";
import { createActor, createMachine } from "xstate";
import type { InspectionEvent } from "../../../src/contract/inspection.js";
import { StatelyFrames } from "../../../src/cli/inspect/stately-frames.js";

const base = { version: 1, sequence: 1, atMs: 5 } as const;

test("frames have the version and the keys of the package's own", async () => {
  const theirs: StatelyInspectionEvent[] = [];
  const { inspect } = createInspector({ send: (event) => theirs.push(event) });
  const machine = createMachine({ id: "m", initial: "a", states: { a: { on: { go: "b" } }, b: {} } });
  createActor(machine, { inspect }).start().send({ type: "go" });
  await new Promise((resolve) => setTimeout(resolve, 20));

  const frames = new StatelyFrames();
  const actorId = "s/x:0";
  const snapshot = { status: "active", value: "a" } as const;
  const config = { id: "m", initial: "a", states: { a: { on: { go: "b" } }, b: {} } };
  expect(frames.take({ ...base, type: "inspection.began", supervisorId: "s", pid: 1 })).toBeNull();
  frames.take({ ...base, type: "chart.defined", chart: "m", config, definition: {} });
  const ours = [
    ...(frames.take({
      ...base,
      type: "actor.started",
      actorId,
      parentId: null,
      name: "m",
      chart: "m",
      snapshot,
    }) ?? []),
    ...(frames.take({ ...base, type: "event.received", actorId, sourceId: null, event: { type: "go" } }) ??
      []),
    ...(frames.take({ ...base, type: "snapshot.changed", actorId, event: { type: "go" }, snapshot }) ?? []),
  ];
  for (const frame of ours) {
    const like = theirs.find(({ type }) => type === frame.type);
    expect([frame.type, Object.keys(frame).sort()]).toEqual([like?.type, Object.keys(like ?? {}).sort()]);
    expect(frame._version).toBe(like?._version);
  }
  const definitions = [ours[0], theirs.find(({ type }) => type === "@xstate.actor")].map(
    (frame) => JSON.parse((frame as { definition: string }).definition) as unknown,
  );
  expect(definitions[0]).toEqual(definitions[1]);
});

test("items of a version that is not known are refused in a sentence", () => {
  const frames = new StatelyFrames();
  const began = { sequence: 1, atMs: 5, type: "inspection.began", supervisorId: "s", pid: 1 } as const;
  // As it comes over the wire, from a supervisor that is newer.
  const item = JSON.parse(JSON.stringify({ ...began, version: 2 })) as InspectionEvent;
  expect(() => frames.take(item)).toThrow(
    "The supervisor tells of its charts in version 2 and this command reads version 1: use the `splice` that is as new as the supervisor.",
  );
  expect(frames.take({ ...began, version: 1 })).toBeNull();
});
