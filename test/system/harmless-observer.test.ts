import { expect, test } from "@jest/globals";
import { createActor, createMachine, type InspectionEvent } from "xstate";
import type { SpliceConfig } from "../../src/config/types.js";
import type { InspectObserver } from "../../src/contract/inspect-observer.js";
import type { Log } from "../../src/log.js";
import { harmless } from "../../src/system/harmless-observer.js";

const event = { type: "@xstate.actor", rootId: "x:0", actorRef: { id: "a", sessionId: "x:0" } };

function made(observer: InspectObserver) {
  const logged: string[] = [];
  const none = (): void => undefined;
  const log: Log = { debug: none, info: none, warn: none, error: (message) => logged.push(message) };
  return { observer: harmless(observer, log), logged };
}

test("passes everything on, with the observer as `this`", () => {
  class Observer {
    readonly seen: unknown[] = [];
    next(seen: unknown): void {
      this.seen.push(seen);
    }
  }
  const own = new Observer();
  const { observer, logged } = made(own);
  observer?.next?.(event);
  expect([own.seen, logged]).toEqual([[event], []]);
  expect(harmless(null, {} as Log)).toBeUndefined();
});

test.each<[string, unknown, string]>([
  ["an error", new Error("no room"), "no room"],
  [
    "what cannot be read",
    {
      get message() {
        throw new Error("mine");
      },
      toString() {
        throw new Error("mine");
      },
    },
    "what it threw cannot be shown",
  ],
])("one that throws %s is told of once, and called no more", (_, thrown, told) => {
  let calls = 0;
  const { observer, logged } = made({
    next: () => {
      calls += 1;
      throw thrown;
    },
  });
  for (let n = 0; n < 3; n++) observer?.next?.(event);
  expect(calls).toBe(1);
  expect(logged).toEqual([`The configured \`inspect\` failed, and is called no more: ${told}`]);
});

test("one that rejects is told of as well, and ends no program", async () => {
  const next = (): unknown => Promise.reject(new Error("later"));
  const { observer, logged } = made({ next });
  observer?.next?.(event);
  observer?.next?.(event);
  await new Promise((resolve) => setImmediate(resolve));
  expect(logged).toEqual(["The configured `inspect` failed, and is called no more: later"]);
});

test("an actor is made and goes on, whatever the observer of it throws", () => {
  const { observer } = made({
    next: () => {
      throw new Error("no");
    },
  });
  const machine = createMachine({ initial: "a", states: { a: { on: { go: "b" } }, b: {} } });
  const actor = createActor(machine, { inspect: { next: (each) => observer?.next?.(each) } }).start();
  actor.send({ type: "go" });
  expect(actor.getSnapshot().value).toBe("b");
});

test("what XState's types call an observer is one here", () => {
  const ofXstate: SpliceConfig[] = [
    { inspect: (each: InspectionEvent) => each.actorRef },
    { inspect: { next: (each: InspectionEvent) => each.actorRef } },
    { inspect: (each) => each.actorRef.sessionId },
  ];
  expect(ofXstate).toHaveLength(3);
});
