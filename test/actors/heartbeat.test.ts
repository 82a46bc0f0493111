import { describe, expect, test } from "@jest/globals";
import { createHeartbeatActor } from "../../src/actors/heartbeat.js";
import { ProcessRegistry } from "../../src/actors/process-registry.js";
import type { Outbox } from "../../src/transport/outbox.js";
import { createVirtualClock } from "../../src/testing/virtual-clock.js";
import { instanceInput, playedEntry, runUnderParent } from "./under-parent.js";

const intervalMs = 1000;

function beat(maxRssBytes = Infinity) {
  const clock = createVirtualClock();
  const registry = new ProcessRegistry();
  const entry = playedEntry(registry, new Promise(() => undefined));
  const state = { isBusy: false, sent: 0 };
  entry.outbox = { send: () => (state.sent += 1) > 0 } as unknown as Outbox;
  const isBusy = () => state.isBusy;
  const actor = runUnderParent(
    createHeartbeatActor({ clock, registry, intervalMs, isBusy, maxRssBytes: () => maxRssBytes }),
    instanceInput(),
  );
  const answer = () => {
    entry.onHealthStatus?.({ type: "HealthStatus", uptimeMs: 1, activeRequests: 0, totalRequests: 0 });
  };
  return { actor, answer, clock, entry, state, registry };
}

describe("heartbeat", () => {
  test("asks at once and then at a steady pace, one question at a time", () => {
    const { answer, clock, state } = beat();
    expect(state.sent).toBe(1);
    clock.advance(3 * intervalMs);
    expect(state.sent).toBe(1);
    answer();
    clock.advance(intervalMs);
    expect(state.sent).toBe(2);
  });

  test("says that a worker has grown too large, where the platform tells how large it is", () => {
    const { actor, answer, entry } = beat(1_048_576);
    const child = entry.child as { pid: number };
    child.pid = process.pid;
    answer();
    expect(actor.facts.at(-1)).toEqual(
      process.platform === "linux"
        ? { type: "use.exceeded", reason: expect.stringMatching(/^it holds \d+ MiB of 1$/) }
        : { type: "health.answered", lagMs: 0 },
    );
  });

  test("reports how long the answer took", () => {
    const { actor, answer, clock } = beat();
    clock.advance(12.5);
    answer();
    expect(actor.facts).toEqual([{ type: "health.answered", lagMs: 12.5 }]);
  });

  test("counts the misses in a row of a worker that has answered before, and starts anew after an answer", () => {
    const { actor, answer, clock } = beat();
    answer();
    clock.advance(4 * intervalMs);
    answer();
    clock.advance(2 * intervalMs);
    expect(actor.facts.map((fact) => fact["misses"] as unknown)).toEqual([undefined, 1, 2, 3, undefined, 1]);
  });

  test("counts no miss of a worker that has never answered", () => {
    const { actor, clock } = beat();
    clock.advance(20 * intervalMs);
    expect(actor.facts).toEqual([]);
  });

  test("counts no miss of a busy worker, and begins at one when it is busy no more", () => {
    const { actor, answer, clock, state } = beat();
    answer();
    clock.advance(3 * intervalMs);
    state.isBusy = true;
    clock.advance(10 * intervalMs);
    state.isBusy = false;
    clock.advance(intervalMs);
    expect(actor.facts.map((fact) => fact["misses"] as unknown)).toEqual([undefined, 1, 2, 1]);
  });

  test("takes an answer nobody asked for as none", () => {
    const { actor, answer } = beat();
    answer();
    answer();
    expect(actor.types).toEqual(["health.answered"]);
  });

  test("stops with its actor: no timer, no listener", () => {
    const { actor, clock, entry } = beat();
    actor.stop();
    expect([clock.timerCount, entry.onHealthStatus]).toEqual([0, null]);
  });

  test("of a process that is already gone does nothing", () => {
    const registry = new ProcessRegistry();
    const clock = createVirtualClock();
    runUnderParent(
      createHeartbeatActor({ clock, registry, intervalMs, isBusy: () => false, maxRssBytes: () => Infinity }),
      instanceInput(),
    );
    expect(clock.timerCount).toBe(0);
  });
});
