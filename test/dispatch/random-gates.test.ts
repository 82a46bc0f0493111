// Random runs of two functions that fail, die, are cancelled and tripped, beside a model that knows only the reports of
// the real breakers: who is let through in which state, one probe at a time, and when a state is over.

import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import type { BreakerReport } from "../../src/machines/breaker/events.js";
import { createBench, exported, table } from "./scripted.js";

const policy = {
  failureRatio: 0.5,
  minCalls: 3,
  windowMs: 200,
  openMs: 20,
  quarantineCrashes: 2,
  quarantineWithinMs: 200,
  quarantineMs: 50,
};
const names = ["f", "g"] as const;
type Name = (typeof names)[number];

const code = fc.constantFrom(0, 0, 1001, 2000, 2001, 2003, 3000);
const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant("call" as const), name: fc.constantFrom(...names) }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant("answer" as const), pick: fc.nat(20), code }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("die" as const), wasAsked: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("remove" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("cancel" as const), pick: fc.nat(20) }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant("advance" as const), ms: fc.constantFrom(1, 5, 20, 50) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("tell" as const),
      name: fc.constantFrom(...names),
      type: fc.constantFrom("breaker.trip" as const, "breaker.reset" as const, "breaker.reset" as const),
    }),
  },
);

type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

function play(steps: readonly Step[], seen: Map<string, number>): void {
  const bench = createBench({}, undefined, policy);
  const open = new Map<number, { name: Name; probeOf: BreakerReport | undefined }>();
  let instance = 0;
  const replace = () => {
    instance += 1;
    bench.attach(instance);
    const exports = names.map((name) => exported(name));
    bench.dispatcher.publish(table({ app: { ready: [instance], exports } }));
  };
  // Of functions that were removed nothing counts any more.
  let forgotten = 0;
  const lastOf = (name: Name) => bench.reports.slice(forgotten).findLast((report) => report.name === name);
  const probesOf = (report: BreakerReport | undefined) =>
    [...open.values()].filter(({ probeOf }) => report !== undefined && probeOf === report).length;
  const call = (name: Name) => {
    const report = lastOf(name);
    const state = report?.picture.state ?? "closed";
    const isTaken = state === "closed" || (state === "halfOpen" && probesOf(report) === 0);
    const callId = bench.call(name);
    const { code = 0, details } = bench.caller.last ?? {};
    if ((callId !== 0) !== isTaken)
      throw new Error(`In ${state} ${name} was ${isTaken ? "refused" : "taken"}.`);
    if (callId !== 0) open.set(callId, { name, probeOf: state === "halfOpen" ? report : undefined });
    else
      expect({ code, details }).toMatchObject({
        code: 3001,
        details: { reason: report?.picture.reason, state },
      });
  };
  const answer = (callId: number, code: number) => {
    open.delete(callId);
    if (code === 0) bench.result(instance, callId);
    else bench.error(instance, callId, code);
  };
  replace();
  for (const each of steps) {
    const picked = "pick" in each ? [...open.keys()][each.pick % Math.max(open.size, 1)] : undefined;
    if (each.do === "call") call(each.name);
    else if (each.do === "answer" && picked !== undefined) answer(picked, each.code);
    else if (each.do === "advance") bench.clock.advance(each.ms);
    else if (each.do === "tell") bench.tell({ type: each.type, functionName: each.name });
    else if (each.do === "cancel" && picked !== undefined) {
      bench.dispatcher.cancel(picked as never, true);
      bench.result(instance, picked);
      open.delete(picked);
    } else if (each.do === "remove") {
      open.clear();
      bench.exit(instance, true);
      bench.dispatcher.publish(table({}));
      forgotten = bench.reports.length;
      replace();
    } else if (each.do === "die") {
      open.clear();
      bench.exit(instance, each.wasAsked);
      replace();
    }
    for (const name of names) {
      const { picture } = lastOf(name) ?? {};
      if (picture?.state !== "open") continue;
      const { probeAtMs } = picture;
      if (probeAtMs === null || bench.clock.now() >= probeAtMs)
        throw new Error(`${name} is open for too long.`);
    }
  }
  for (const callId of [...open.keys()]) answer(callId, 0);
  for (const { name, inFlight, gate } of bench.dispatcher.functions)
    expect([name, inFlight, gate?.probeId ?? 0]).toEqual([name, 0, 0]);
  for (const fact of bench.facts) seen.set(fact.slice(2), (seen.get(fact.slice(2)) ?? 0) + 1);
  for (const { type, picture } of bench.reports) {
    const what = `${type} ${picture.reason}`;
    seen.set(what, (seen.get(what) ?? 0) + 1);
  }
}

describe("gates under random outcomes", () => {
  test("let through what their breakers say, one probe at a time, and come to rest without one", () => {
    const seen = new Map<string, number>();
    fc.assert(
      fc.property(fc.array(step, { minLength: 60, maxLength: 150 }), (steps) => {
        play(steps, seen);
      }),
      { numRuns: 200 },
    );
    // All there is has been seen: the runs are no easier than what they stand for.
    expect([...seen.keys()].sort()).toEqual([
      ...["closed", "halfOpened", "opened"].flatMap((word) => [
        `breaker.${word} breaker-open`,
        `breaker.${word} quarantined`,
      ]),
      "failure.recorded",
      "function.removed",
      "probe.abandoned",
      "probe.failed",
      "probe.started",
      "probe.succeeded",
      "threshold.crossed",
    ]);
  });
});
