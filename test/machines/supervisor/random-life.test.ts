// Random lives of whole supervisors: workers that come up, fall, wear out, owe answers and are held, breakers moved by
// hand, under every strategy. After each step the pools must agree with their workers; when the faults are over, every
// place must be filled by one worker; told to stop, nothing may be left.

import { test } from "@jest/globals";
import fc from "fast-check";
import type { Strategy } from "../../../src/config/types.js";
import type { SupervisorEvent } from "../../../src/machines/supervisor/events.js";
import type { WorkerEvent } from "../../../src/machines/worker/events.js";
import { failOnXstateWarnings } from "../xstate-warnings.js";
import { createSupervisorRig, drainMs, type PlanOfTest, type SupervisorRig } from "./rig.js";

failOnXstateWarnings();

const exited = (exitCode: number): WorkerEvent[] => [
  { type: "link.closed", reason: "it closed its link" },
  { type: "process.exited", exitCode, signal: null, stderrTail: "" },
];
const condemn: WorkerEvent = { type: "worker.condemn", functionName: "f", reason: "it was late", drainMs };
const examined = (stuck: string | null, isResponsive: boolean): WorkerEvent => ({
  type: "worker.examined",
  stuck,
  isResponsive,
});

type Step =
  | { readonly what: "up" | "clash" | "fall" | "leave" | "fail"; readonly pool: string; readonly at: number }
  | { readonly what: "say"; readonly pool: string; readonly at: number; readonly fact: WorkerEvent }
  | { readonly what: "crashes"; readonly pool: string; readonly at: number }
  | { readonly what: "wait"; readonly ms: number }
  | { readonly what: "send"; readonly event: SupervisorEvent };

const plans: readonly PlanOfTest[] = [
  { name: "a", workers: 1 },
  { name: "b", workers: 2 },
  { name: "c", workers: 1, restartType: "transient" },
  // The last, since those after one that is gone for good would wait for it.
  { name: "d", workers: 2, restartType: "temporary" },
];
const poolNames = plans.map(({ name }) => name);

const aPool = fc.constantFrom(...poolNames);
const aMember = fc.nat(5);
const facts = fc.constantFrom<WorkerEvent>(
  { type: "use.exceeded", reason: "it is worn" },
  { type: "use.exceeded", reason: "it is worn" },
  condemn,
  condemn,
  examined(null, true),
  examined(null, false),
  examined("it is stuck", false),
  { type: "calls.drained" },
  { type: "worker.hold" },
  { type: "worker.kill", reason: "on request" },
  { type: "link.breached", reason: "it lied" },
  { type: "health.missed", misses: 3 },
);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ what: fc.constant("up" as const), pool: aPool, at: aMember }) },
  {
    weight: 5,
    arbitrary: fc.record({
      what: fc.constantFrom("clash" as const, "fall" as const, "leave" as const, "fail" as const),
      pool: aPool,
      at: aMember,
    }),
  },
  { weight: 1, arbitrary: fc.record({ what: fc.constant("crashes" as const), pool: aPool, at: aMember }) },
  {
    weight: 8,
    arbitrary: fc.record({ what: fc.constant("say" as const), pool: aPool, at: aMember, fact: facts }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ what: fc.constant("wait" as const), ms: fc.constantFrom(0, 200, 3000, 31_000) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      what: fc.constant("send" as const),
      event: fc.record({
        type: fc.constantFrom("breaker.trip" as const, "breaker.reset" as const),
        pool: aPool,
      }),
    }),
  },
);

function inLine(rig: SupervisorRig, pool: string): string[] {
  return [...rig.members(pool).keys()];
}

function memberAt(rig: SupervisorRig, { pool, at }: { pool: string; at: number }): string | undefined {
  const ids = inLine(rig, pool);
  return ids[at % Math.max(1, ids.length)];
}

function processOf(rig: SupervisorRig, memberId: string): string {
  return `${memberId} in its process ${String(rig.instanceOf(memberId))}`;
}

function take(rig: SupervisorRig, one: Step): void {
  switch (one.what) {
    case "wait":
      return rig.clock.advance(one.ms);
    case "send":
      return rig.send(one.event);
    default: {
      const id = memberAt(rig, one);
      if (id === undefined) return;
      if (one.what === "up") return rig.sayTo(id, ...rig.toReady([`${one.pool}.f`]));
      if (one.what === "clash") {
        const closed = rig.emitted.filter(({ type }) => type === "breaker.closed").length;
        rig.sayTo(id, ...rig.toReady([one.pool === "a" ? "b.f" : "a.f"]));
        if (rig.emitted.filter(({ type }) => type === "breaker.closed").length > closed)
          throw new Error(`${id} was refused, and closed a breaker.`);
        return;
      }
      if (one.what === "say") return rig.sayTo(id, one.fact);
      if (one.what === "fail") return rig.sayTo(id, { type: "process.failed", reason: "no such program" });
      if (one.what !== "crashes") return rig.sayTo(id, ...exited(one.what === "leave" ? 0 : 1));
      for (let n = 0; n < 12; n++) {
        rig.sayTo(id, ...rig.toReady([`${one.pool}.f`]), ...exited(1));
        rig.clock.advance(5000);
      }
    }
  }
}

const chartStates: Readonly<Record<string, readonly string[]>> = {
  starting: [
    "spawning",
    "connecting",
    "handshaking",
    "backingOff",
    "killing",
    "disconnected",
    "reaping",
    "terminating",
  ],
  ready: ["ready"],
  ending: [
    "examining",
    "spared",
    "draining",
    "owing",
    "stopping",
    "terminating",
    "killing",
    "disconnected",
    "reaping",
  ],
  down: ["exited"],
  gone: ["exited"],
};

/** What was told last of a breaker in this state. */
const lastTold: Readonly<Record<string, string>> = {
  closed: "breaker.closed",
  open: "breaker.opened",
  forcedOpen: "breaker.opened",
  halfOpen: "breaker.halfOpened",
};

function checkBreaker(rig: SupervisorRig, name: string): void {
  const state = rig.breakerState(name);
  const told = rig.emitted.findLast((event) => "picture" in event && event.pool === name);
  if ((told?.type ?? "breaker.closed") !== lastTold[state])
    throw new Error(`The breaker of ${name} is ${state}, and ${String(told?.type)} was told.`);
  const byHand = rig.sent.findLast(
    (event) => event.type.startsWith("breaker.") && "pool" in event && event.pool === name,
  );
  if ((byHand?.type === "breaker.trip") !== (state === "forcedOpen"))
    throw new Error(`The breaker of ${name} is ${state} after ${String(byHand?.type)}.`);
  if (rig.poolState(name) === "held" && state !== "forcedOpen")
    throw new Error(`${name} is held by a breaker that is ${state}.`);
}

/** Calls to a pool that waits for its turn may wait for one before it that is due, or are refused for one that is not. */
function checkWaiting(rig: SupervisorRig, name: string): void {
  const told = (other: string): string => {
    const { outlook, ready } = rig.tables.at(-1)?.pools.get(other) ?? {};
    return ready?.length !== 0 ? "ready" : outlook === null ? "due" : "refused";
  };
  const before = poolNames.slice(0, poolNames.indexOf(name)).map(told);
  const isSo =
    before.includes(told(name)) || (told(name) === "refused" && rig.breakerState(name) === "forcedOpen");
  if (!isSo) throw new Error(`${name} waits for its turn, and is told ${told(name)}.`);
}

function check(rig: SupervisorRig): void {
  if (rig.errors.length > 0) throw new Error(rig.errors.map(String).join());
  for (const { name, workers, restartType } of plans) {
    const state = rig.poolState(name);
    if (rig.state === "running") checkBreaker(rig, name);
    if (state === "idle" && rig.state === "running") checkWaiting(rig, name);
    if (!state.startsWith("serving")) continue;
    const members = [...rig.members(name)];
    for (const [id, { phase, isCondemned }] of members) {
      const chart = rig.workerState(id);
      if (chartStates[phase]?.includes(chart) !== true)
        throw new Error(`${id} is ${phase} to its pool, and is ${chart}.`);
      if (isCondemned && phase !== "ending") throw new Error(`${id} is condemned, and is ${phase}.`);
    }
    const condemnedAlive = members.filter(
      ([id, { isCondemned }]) =>
        isCondemned && ["examining", "spared", "owing"].includes(rig.workerState(id)),
    );
    if (condemnedAlive.length > workers)
      throw new Error(`${name} lets ${String(condemnedAlive.length)} condemned workers live.`);
    const filled = members.filter(([, { successor }]) => successor === null);
    if (filled.length !== workers)
      throw new Error(`${name} has ${String(filled.length)} members for ${String(workers)} places.`);
    const places = members.filter(([, { phase }]) => phase === "ready").map(([, { workerId }]) => workerId);
    if (new Set(places).size !== places.length) throw new Error(`One place has two: ${places.join()}`);
    const breaker = rig.breakerState(name);
    const expected = { "serving.flowing": ["closed"], "serving.probing": ["halfOpen"] }[state] ?? [
      "open",
      "forcedOpen",
    ];
    if (!expected.includes(breaker)) throw new Error(`${name} is ${state}, and its breaker ${breaker}.`);
    const routed = rig.tables.at(-1)?.pools.get(name);
    if (routed?.ready.length !== places.length)
      throw new Error(
        `${String(places.length)} of ${name} are ready, ${String(routed?.ready.length)} routed.`,
      );
    const returns = state === "serving.flowing" && restartType !== "temporary";
    const isDue = members.some(
      ([, { phase, successor }]) =>
        phase === "starting" || (phase === "ending" && successor === null && returns),
    );
    // What is told matters while none is ready.
    if (places.length === 0 && (routed.outlook === null) !== isDue)
      throw new Error(`Due in ${name}: ${String(isDue)}, told: ${JSON.stringify(routed.outlook)}.`);
  }
}

/** All goes well from now on: who is told to go goes, who is started comes up. */
function heal(rig: SupervisorRig, steps: number): void {
  for (let n = 0; n < steps && rig.status === "active"; n++) {
    for (const name of poolNames) {
      for (const id of inLine(rig, name)) {
        const chart = rig.workerState(id);
        if (chart === "spawning") rig.sayTo(id, ...rig.toReady([`${name}.f`]));
        else if (chart === "connecting" || chart === "handshaking") rig.sayTo(id, ...exited(1));
        else if (chart === "examining") rig.sayTo(id, examined(null, true));
        else if (["spared", "draining", "owing"].includes(chart)) rig.sayTo(id, { type: "calls.drained" });
        else if (["stopping", "terminating", "killing"].includes(chart)) rig.sayTo(id, ...exited(0));
      }
    }
    rig.clock.advance(5000);
    check(rig);
  }
}

function checkHealed(rig: SupervisorRig, worn: ReadonlySet<string>): void {
  for (const { name, workers } of plans) {
    const members = [...rig.members(name).values()];
    const phases = members.map(({ phase }) => phase);
    const whole = phases.every((phase) => phase === "ready" || phase === "gone");
    if (!whole || members.length !== workers || rig.poolState(name) !== "serving.flowing")
      throw new Error(`${name} is not whole: ${rig.poolState(name)}, ${phases.join()}`);
    const forgotten = inLine(rig, name).filter(
      (id) => rig.workerState(id) === "ready" && worn.has(processOf(rig, id)),
    );
    if (forgotten.length > 0) throw new Error(`${forgotten.join()} should have been replaced.`);
  }
}

const numRuns = Number(process.env["SPLICE_RUNS"] ?? 150);

test.each<Strategy>(["one_for_one", "rest_for_one", "one_for_all"])(
  "under %s pools agree with their workers, heal when the faults are over, and leave nothing behind",
  (strategy) => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const rig = createSupervisorRig(plans, { strategy });
        heal(rig, 4);
        const worn = new Set<string>();
        for (const one of steps) {
          const id = one.what === "say" ? memberAt(rig, one) : undefined;
          if (one.what === "say" && one.fact.type === "use.exceeded" && id !== undefined) {
            if (rig.workerState(id) === "ready") worn.add(processOf(rig, id));
          }
          take(rig, one);
          check(rig);
        }
        for (const name of poolNames) {
          if (rig.breakerState(name) === "forcedOpen") rig.send({ type: "breaker.reset", pool: name });
        }
        heal(rig, 80);
        checkHealed(rig, worn);
        for (let n = 0; n < 4 && rig.status === "active"; n++) {
          rig.send({ type: "supervisor.stop", drainMs: 0 });
          heal(rig, 1);
        }
        if (rig.status !== "done" || rig.clock.timerCount > 0)
          throw new Error(`It is ${rig.status} with ${String(rig.clock.timerCount)} timers.`);
      }),
      { numRuns },
    );
  },
  120_000,
);
