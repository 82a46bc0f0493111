// One registry of all events, held to one grammar. The `satisfies` lines make the compiler refuse a gap in it.

import { describe, expect, test } from "@jest/globals";
import type { AnyStateMachine, AnyStateNode } from "xstate";
import type { BreakerEvent, BreakerReport } from "../../src/machines/breaker/events.js";
import { breakerMachine } from "../../src/machines/breaker/machine.js";
import type { BreakersEvent } from "../../src/machines/breakers/events.js";
import { breakersMachine } from "../../src/machines/breakers/machine.js";
import type { CallEvent } from "../../src/machines/call/events.js";
import { callMachine } from "../../src/machines/call/machine.js";
import type { PoolEvent } from "../../src/machines/pool/events.js";
import { poolMachine } from "../../src/machines/pool/machine.js";
import type { RouterEvent } from "../../src/machines/router/events.js";
import { routerMachine } from "../../src/machines/router/machine.js";
import type { SupervisorEmitted, SupervisorEvent } from "../../src/machines/supervisor/events.js";
import { supervisorMachine } from "../../src/machines/supervisor/machine.js";
import type { WorkerEvent } from "../../src/machines/worker/events.js";
import { workerMachine } from "../../src/machines/worker/machine.js";

type Sort = "command" | "fact";

const worker = {
  "worker.start": "command",
  "worker.stop": "command",
  "worker.drain": "command",
  "worker.kill": "command",
  "worker.refuse": "command",
  "worker.attached": "fact",
  "worker.hold": "command",
  "worker.condemn": "command",
  "worker.examined": "fact",
  "use.exceeded": "fact",
  "process.spawned": "fact",
  "process.failed": "fact",
  "process.exited": "fact",
  "link.opened": "fact",
  "link.closed": "fact",
  "link.breached": "fact",
  "handshake.refused": "fact",
  "exports.listed": "fact",
  "health.answered": "fact",
  "health.missed": "fact",
  "calls.drained": "fact",
} as const satisfies Record<WorkerEvent["type"], Sort>;

const pool = {
  "pool.start": "command",
  "pool.stop": "command",
  "pool.kill": "command",
  "pool.accept": "command",
  "pool.refuse": "command",
  "worker.condemned": "fact",
  "worker.worn": "fact",
  "breaker.trip": "command",
  "breaker.reset": "command",
  "breaker.opened": "fact",
  "breaker.halfOpened": "fact",
  "breaker.closed": "fact",
  "worker.ready": "fact",
  "worker.withdrawn": "fact",
  "worker.exited": "fact",
} as const satisfies Record<PoolEvent["type"], Sort>;

const router = {
  "router.drain": "command",
  "router.close": "command",
  "worker.ready": "fact",
  "worker.withdrawn": "fact",
  "outlook.changed": "fact",
  "pool.removed": "fact",
} as const satisfies Record<RouterEvent["type"], Sort>;

const supervisor = {
  "supervisor.stop": "command",
  "supervisor.drain": "command",
  "pool.add": "command",
  "pool.remove": "command",
  "worker.condemned": "fact",
  "breaker.trip": "command",
  "breaker.reset": "command",
  "breaker.opened": "fact",
  "breaker.halfOpened": "fact",
  "breaker.closed": "fact",
  "outlook.changed": "fact",
  "pool.failed": "fact",
  "pool.stopped": "fact",
  "worker.ready": "fact",
  "worker.withdrawn": "fact",
  "worker.exited": "fact",
  "calls.drained": "fact",
} as const satisfies Record<SupervisorEvent["type"], Sort>;

const emitted = {
  "worker.ready": "fact",
  "worker.exited": "fact",
  "worker.condemned": "fact",
  "breaker.opened": "fact",
  "breaker.halfOpened": "fact",
  "breaker.closed": "fact",
  "exports.changed": "fact",
  "pool.failed": "fact",
  "pool.removed": "fact",
  "supervisor.draining": "fact",
} as const satisfies Record<SupervisorEmitted["type"], Sort>;

const breaker = {
  "breaker.trip": "command",
  "breaker.reset": "command",
  "threshold.crossed": "fact",
  "probe.started": "fact",
  "probe.succeeded": "fact",
  "probe.failed": "fact",
  "probe.abandoned": "fact",
} as const satisfies Record<BreakerEvent["type"], Sort>;

const breakerReport = {
  "breaker.opened": "fact",
  "breaker.halfOpened": "fact",
  "breaker.closed": "fact",
} as const satisfies Record<BreakerReport["type"], Sort>;

const breakers = {
  ...breaker,
  ...breakerReport,
  "failure.recorded": "fact",
  "function.removed": "fact",
} as const satisfies Record<BreakersEvent["type"], Sort>;

const call = {
  "call.enqueued": "fact",
  "call.accepted": "fact",
  "call.rejected": "fact",
  "call.dispatched": "fact",
  "stream.started": "fact",
  "cancel.sent": "fact",
  "caller.answered": "fact",
  "answer.discarded": "fact",
  "credit.returned": "fact",
  "slot.released": "fact",
} as const satisfies Record<CallEvent["type"], Sort>;

const machines: [string, AnyStateMachine, Record<string, Sort>][] = [
  ["worker", workerMachine, worker],
  ["pool", poolMachine, pool],
  ["router", routerMachine, router],
  ["supervisor", supervisorMachine, supervisor],
  ["breaker", breakerMachine, breaker],
  ["breakers", breakersMachine, breakers],
  ["call", callMachine, call],
];
const registry = [worker, pool, breaker, breakers, router, supervisor, emitted, call].flatMap((each) =>
  Object.entries(each),
);

describe("the grammar", () => {
  const imperatives = new Set([
    "start",
    "stop",
    "kill",
    "accept",
    "refuse",
    "drain",
    "close",
    "add",
    "remove",
    "hold",
    "condemn",
    "trip",
    "reset",
  ]);
  /** Participles that do not end in -ed, and the two words that say a state one has come to. */
  const irregular = new Set(["sent", "withdrawn", "ready", "draining", "worn"]);

  test.each(registry)("%s is a well-formed %s", (name, sort) => {
    expect(name).toMatch(/^[a-z]+\.[a-zA-Z]+$/);
    const word = name.split(".")[1] ?? "";
    expect([imperatives.has(word), word.endsWith("ed") || irregular.has(word)]).toEqual([
      sort === "command",
      sort === "fact",
    ]);
  });

  test("a name means one thing wherever it is used", () => {
    const sorts = new Map<string, Sort>();
    for (const [name, sort] of registry) {
      expect([name, sorts.get(name) ?? sort]).toEqual([name, sort]);
      sorts.set(name, sort);
    }
  });
});

const nodes = (node: AnyStateNode): AnyStateNode[] => [node, ...Object.values(node.states).flatMap(nodes)];

describe.each(machines)("the %s machine", (_name, machine, known) => {
  test("listens to events of its union and no others, and knows what to do with each of them", () => {
    const heard = new Set(nodes(machine.root).flatMap((node) => node.ownEvents));
    const own = [...heard].filter((type) => !type.startsWith("xstate."));
    expect(own.filter((type) => !(type in known))).toEqual([]);
    const unheard = Object.keys(known).filter((type) => !heard.has(type));
    // The worker's way to `ready` is told by its exports; the accepted handshake before it is a fact for the watcher.
    expect(unheard).toEqual([]);
  });

  test("has a bound on its iterations, and every state says what it is", () => {
    expect(machine.options.maxIterations).toBeLessThan(Infinity);
    for (const node of nodes(machine.root)) {
      if (node === machine.root) continue;
      const { description } = (node.meta ?? {}) as { description?: unknown };
      expect([node.id, description]).toEqual([node.id, expect.stringMatching(/^[A-Z][^]{10,}\.$/)]);
    }
  });

  test("answers for the failure of whatever it invokes", () => {
    for (const node of nodes(machine.root)) {
      for (const { id, onError } of node.invoke) {
        // Routers and breakers do nothing that can fail; were they to, the supervisor's own end is the answer.
        if (id !== "router" && id !== "breaker" && id !== "breakers")
          expect([id, onError]).toEqual([id, expect.anything()]);
      }
    }
  });
});
