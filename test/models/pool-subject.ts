// A real supervisor with a real pool of one real worker on a test clock, its process scripted, as the model of a pool
// speaks of it.

import { expect } from "@jest/globals";
import type { InspectionEvent } from "xstate";
import type { ModelStep, ModelSubject } from "../../src/testing/every-transition.js";
import { createSupervisorRig } from "../machines/supervisor/rig.js";
import { cooldownMs, longMs, nameOf, restart, waitMsOf, type poolModel } from "./pool-model.js";
import { same, told } from "./same.js";

interface Look {
  readonly worker: string;
  readonly breaker: string;
  /** What a call that finds no worker has to expect. */
  readonly calls: string;
}

/** How the pool looks in each state of the model. */
const looks: Readonly<Record<string, Look>> = {
  "beginning.free": { worker: "spawning", breaker: "closed", calls: "wait" },
  "beginning.held": { worker: "spawning", breaker: "forcedOpen", calls: "wait" },
  "closed.up": { worker: "ready", breaker: "closed", calls: "go" },
  "closed.waiting": { worker: "backingOff", breaker: "closed", calls: "wait" },
  "closed.coming": { worker: "spawning", breaker: "closed", calls: "wait" },
  open: { worker: "exited", breaker: "open", calls: "breaker-open" },
  probing: { worker: "spawning", breaker: "halfOpen", calls: "wait" },
  "held.up": { worker: "ready", breaker: "forcedOpen", calls: "go" },
  "held.coming": { worker: "spawning", breaker: "forcedOpen", calls: "wait" },
  "held.down": { worker: "exited", breaker: "forcedOpen", calls: "breaker-open" },
  again: { worker: "backingOff", breaker: "closed", calls: "wait" },
};

export function poolSubject(inspect: (event: InspectionEvent) => void): ModelSubject<typeof poolModel> {
  const rig = createSupervisorRig([{ name: "app", workers: 1 }], {
    policy: restart,
    cooldownMs,
    inspect,
  });
  let [asked, emitted] = [0, 0];
  /** Whoever holds the one place now. */
  const member = (): string => [...rig.members("app").keys()].at(-1) ?? "app:1";
  const reload = (goesOn: (candidate: string) => void) => () => {
    rig.send({ type: "pool.reload", pool: "app" });
    rig.built("app", { type: "build.succeeded", isSame: false });
    for (const candidate of rig.poolContext("app")?.candidate?.workers.keys() ?? []) goesOn(candidate);
  };
  const compare = ({ state, actions }: ModelStep<typeof poolModel>): void => {
    const starts = rig.asked.slice(asked).filter((what) => what === "start app:1").length;
    const reports = rig.emitted.slice(emitted).map(({ type }) => type);
    [asked, emitted] = [rig.asked.length, rig.emitted.length];
    const app = rig.tables.at(-1)?.pools.get("app");
    const calls = app?.ready.length === 1 ? "go" : (app?.outlook?.reason ?? "wait");
    const name = nameOf(state);
    const isOver = name === "failed";
    same(
      {
        look: isOver
          ? rig.state
          : { worker: rig.workerState(member()), breaker: rig.breakerState("app"), calls },
        starts,
        // In one step they are told to different listeners; their order is none.
        reports: reports.sort(),
        errors: rig.errors,
      },
      {
        look: isOver ? "failed" : looks[name],
        starts: actions.filter((action) => action === "starts").length,
        reports: told("reports", actions).sort(),
        errors: [],
      },
    );
  };
  return {
    events: {
      ready: () => rig.sayTo(member(), ...rig.toReady(["app.f"])),
      ended: () => rig.endMember(member()),
      reloaded: reload((candidate) => {
        const old = member();
        rig.sayTo(candidate, ...rig.toReady(["app.f"]));
        rig.endMember(old);
      }),
      "not.reloaded": reload((candidate) => rig.endMember(candidate)),
      trip: () => rig.send({ type: "breaker.trip", pool: "app" }),
      reset: () => rig.send({ type: "breaker.reset", pool: "app" }),
      "time.passed": (_, state) => {
        const ms = waitMsOf(state);
        const before = rig.workerState(member());
        if (ms > 0) rig.clock.advance(ms - 1);
        expect(rig.workerState(member())).toBe(before);
        rig.clock.advance(Math.min(ms, 1));
      },
      "long.time.passed": () => rig.clock.advance(longMs),
    },
    states: {
      beginning: compare,
      failed: compare,
      closed: compare,
      open: compare,
      probing: compare,
      held: compare,
      again: compare,
    },
  };
}
