// The real supervisor with real pools, router and workers on a test clock, their processes scripted, as its model
// speaks of it.

import type { InspectionEvent } from "xstate";
import type { ModelStep, ModelSubject } from "../../src/testing/every-transition.js";
import { createSupervisorRig } from "../machines/supervisor/rig.js";
import { same, told } from "./same.js";
import type { supervisorModel } from "./supervisor-model.js";

const drainMs = 100;
const b = { name: "b", workers: 1 };
/** No pool gives up: that is the model of a pool. */
const policy = { backoffMs: [0], maxRestarts: 1_000_000, maxFailedStarts: 1_000_000 };

type State = ModelStep<typeof supervisorModel>["state"];

/** Where the worker of a pool has to be. */
function workerOf(state: State, pool: "a" | "b"): string {
  const { isHurried } = state.context;
  const isEnding = state.value === "stopping";
  switch (state.context[pool]) {
    case "absent":
      return "none";
    case "down":
      return "exited";
    case "coming":
      return isEnding ? (isHurried ? "killing" : "terminating") : "spawning";
    case "up":
      return isEnding ? (isHurried ? "killing" : "stopping") : "ready";
    case "refused":
      return "killing";
    case "leaving":
      // Where it had got to when it was told to go is the model of a worker.
      return "leaving";
  }
}

const admissions: Readonly<Record<string, string>> = {
  starting: "open",
  running: "open",
  startingRefusing: "draining",
  refusing: "draining",
  draining: "draining",
};

export function supervisorSubject(
  inspect: (event: InspectionEvent) => void,
): ModelSubject<typeof supervisorModel> {
  const rig = createSupervisorRig([{ name: "a", workers: 1 }, b], { policy, inspect });
  let [asked, emitted] = [0, 0];
  /** Whoever holds the one place now: a successor is a member of its own. */
  const memberOf = (pool: string): string => [...rig.members(pool).keys()].at(-1) ?? "";
  const end = (worker: string) => () => {
    rig.end(worker);
    // The first wait is none.
    rig.clock.advance(0);
  };
  const compare = ({ state, actions }: ModelStep<typeof supervisorModel>): void => {
    const emits = rig.emitted.slice(emitted).map(({ type }) => type);
    const drains = rig.asked.slice(asked).filter((what) => what.endsWith("Drain"));
    [asked, emitted] = [rig.asked.length, rig.emitted.length];
    const isOver = state.status === "done";
    const worker = (pool: "a" | "b") => {
      const found = rig.workerState(memberOf(pool));
      const isGoing = ["stopping", "terminating", "killing"].includes(found);
      return state.context[pool] === "leaving" && isGoing ? "leaving" : found;
    };
    same(
      {
        state: rig.state,
        workers: isOver ? [] : [worker("a"), worker("b")],
        ready: [...(rig.tables.at(-1)?.pools ?? [])]
          .filter(([, { ready }]) => ready.length > 0)
          .map(([name]) => name)
          .sort(),
        // A call of a pool that is gone is of a name that nobody has.
        isKnown: rig.tables.at(-1)?.pools.has("b") === true,
        admission: rig.tables.at(-1)?.admission ?? "open",
        emits: emits.sort(),
        drains,
        failed: [rig.failure === undefined, ...rig.errors],
      },
      {
        state: state.value,
        workers: isOver ? [] : [workerOf(state, "a"), workerOf(state, "b")],
        ready: (["a", "b"] as const).filter((pool) => workerOf(state, pool) === "ready"),
        isKnown: state.context.b !== "absent",
        admission: admissions[JSON.stringify(state.value).slice(1, -1)] ?? "closed",
        emits: told("emits", actions).sort(),
        drains: told("asks", actions),
        failed: [!state.context.hasFailed],
      },
    );
  };
  return {
    events: {
      "a.ready": () => rig.bringUp("a:1", "a.f"),
      "a.ended": end("a:1"),
      "a.replaced": () => {
        const member = memberOf("a");
        rig.sayTo(member, { type: "worker.condemn", functionName: "a.f", reason: "it is late", drainMs: 1 });
        rig.sayTo(member, { type: "link.closed", reason: "it closed its link" });
        rig.sayTo(member, { type: "process.exited", exitCode: 1, signal: null, stderrTail: "" });
      },
      "a.reloaded": () => {
        rig.send({ type: "pool.reload", pool: "a" });
        rig.built("a", { type: "build.succeeded", isSame: false });
        const old = [...rig.members("a").keys()];
        const fresh = [...(rig.poolContext("a")?.candidate?.workers.keys() ?? [])];
        for (const member of fresh) rig.sayTo(member, ...rig.toReady(["a.f"]));
        for (const member of fresh.length > 0 ? old : []) rig.endMember(member);
      },
      "a.news": () => {
        rig.send({ type: "breaker.trip", pool: "a" });
        rig.send({ type: "breaker.reset", pool: "a" });
      },
      "b.ready": () => rig.bringUp("b:1", "b.f"),
      "b.ended": end("b:1"),
      "b.clashes": () => rig.bringUp("b:1", "b.f", "a.f"),
      "pool.add": () => rig.send({ type: "pool.add", plan: { ...b, restartType: "permanent" } }),
      "pool.remove": () => rig.send({ type: "pool.remove", pool: "b", drainMs: 0 }),
      stop: () => rig.send({ type: "supervisor.stop", drainMs }),
      drain: () => rig.send({ type: "supervisor.drain" }),
      "calls.drained": () => rig.send({ type: "calls.drained" }),
      "time.passed": () => rig.clock.advance(drainMs),
    },
    states: {
      starting: compare,
      startingRefusing: compare,
      running: compare,
      refusing: compare,
      draining: compare,
      stopping: compare,
      stopped: compare,
      failed: compare,
    },
  };
}
