import { test } from "@jest/globals";
import fc from "fast-check";
import type { SupervisorEvent } from "../../../src/machines/supervisor/events.js";
import { failOnXstateWarnings } from "../xstate-warnings.js";
import { createSupervisorRig, timings } from "./rig.js";

failOnXstateWarnings();

test("no order of events, however odd, makes the supervisor fail; told to stop it always comes to an end", () => {
  const names = ["a:1", "b:1", "b:2"];
  const someone = {
    memberId: "c:9",
    workerId: "c:9",
    pool: "c",
    instance: 99,
    pid: 1,
    generation: 1,
  } as never;
  const noExit = { wasAsked: false, wasReady: false, exitCode: 1, signal: null, how: "fell", stderrTail: "" };
  const odd = fc.constantFrom<SupervisorEvent>(
    { type: "calls.drained" },
    { type: "supervisor.stop", drainMs: 500 },
    { type: "supervisor.drain" },
    { type: "breaker.trip", pool: "b" },
    { type: "breaker.reset", pool: "b" },
    { type: "worker.withdrawn", ...(someone as object), outlook: null } as never,
    { type: "pool.stopped", pool: "c" },
    { type: "pool.stopped", pool: "b" },
    { type: "outlook.changed", pool: "c", outlook: null },
    { type: "pool.remove", pool: "b", drainMs: 100 },
    { type: "pool.add", plan: { name: "a", workers: 1, restartType: "permanent" } },
    { type: "worker.ready", ...(someone as object), exports: [] } as never,
    { type: "worker.exited", ...(someone as object), exit: noExit } as never,
  );
  const name = fc.constantFrom(...names);
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.tuple(fc.constant("up" as const), name) },
    { weight: 3, arbitrary: fc.tuple(fc.constant("end" as const), name) },
    { weight: 2, arbitrary: fc.tuple(fc.constant("breach" as const), name) },
    { weight: 2, arbitrary: fc.tuple(fc.constant("wait" as const), fc.constantFrom(0, 100, 3000, 11_000)) },
    { weight: 1, arbitrary: fc.tuple(fc.constant("odd" as const), odd) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 16 }), (steps) => {
      const rig = createSupervisorRig([
        { name: "a", workers: 1 },
        { name: "b", workers: 2 },
      ]);
      for (const [what, value] of steps) {
        if (rig.status !== "active") break;
        if (what === "up") rig.bringUp(value);
        else if (what === "end") rig.end(value);
        else if (what === "breach") rig.say(value, { type: "link.breached", reason: "it lied" });
        else if (what === "wait") rig.clock.advance(value);
        else rig.send(value);
      }
      for (let n = 0; n < 4 && rig.status === "active"; n++) {
        rig.send({ type: "supervisor.stop", drainMs: 0 });
        rig.clock.advance(timings.shutdownMs + timings.terminateMs);
        for (const worker of names) rig.end(worker);
      }
      if (rig.status !== "done" || rig.errors.length > 0) {
        throw new Error(`It is ${rig.status} in ${rig.state}: ${rig.errors.map(String).join()}`);
      }
      if (rig.clock.timerCount > 0) throw new Error(`${String(rig.clock.timerCount)} timers are left.`);
    }),
    { numRuns: 1500 },
  );
});
