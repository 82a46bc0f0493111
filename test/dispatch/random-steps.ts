// What may happen to a dispatcher in a random run: steps of callers, workers and their guards, the verifier, breakers
// and the supervisor, in two mixtures. Knows nothing of how a run takes them.

import fc from "fast-check";
import type { RunningPlace } from "../../src/dispatch/worker-state.js";
import type { Admission } from "../../src/machines/router/route-table.js";
import { stuckPlace } from "./random-model.js";

export const pools = ["a", "b"] as const;
export const functionNames = ["a.f", "a.g", "a.s", "b.f", "b.g", "b.s", "none"];

/** What the verifier says of a call at once; of one that it keeps waiting it says another word later, or none. */
const words = ["yes", "yes", "yes", "no", "throws", "odd", "later", "later"] as const;
export type Word = (typeof words)[number];
export type LaterWord = Exclude<Word, "later">;

/** When the guard of a worker says where the worker is stuck. */
const guardKinds = ["none", "none", "atOnce", "later", "never"] as const;
export type GuardKind = (typeof guardKinds)[number];

export type Step =
  | { do: "invoke"; name: string; caller: number; timeoutMs: number | undefined; bytes: number; word: Word }
  | { do: "verdict"; pick: number; word: LaterWord }
  | { do: "turn" }
  | { do: "answer"; worker: number; pick: number; code: number }
  | { do: "answerAgain"; worker: number; pick: number }
  | { do: "answerUnknown"; worker: number }
  /** A worker sends items, as many as `count` says and its credit lets it, or ends its stream. */
  | { do: "items"; worker: number; pick: number; count: number; bytes: number; isEnd: boolean }
  /** A worker sends what no credit allows. */
  | { do: "excess"; worker: number; pick: number }
  /** A caller acknowledges a part of what it got. */
  | { do: "ack"; pick: number; part: number; window: number }
  | { do: "cancel"; pick: number; answerNow: boolean }
  | { do: "advance"; ms: number }
  | {
      do: "spawn";
      pool: 0 | 1;
      canCancel: boolean;
      answersAtOnce: boolean;
      guard: GuardKind;
      maxCalls: number;
    }
  | { do: "locate"; pick: number; place: RunningPlace | null }
  | { do: "watch"; worker: number; what: "idle" | "quiet" }
  | { do: "exit"; worker: number; isPublishedFirst: boolean; wasAsked: boolean }
  | { do: "isDue"; pool: 0 | 1; isDue: boolean }
  | { do: "choke"; worker: number; queuedBytes: number }
  | { do: "admission"; admission: Admission }
  | { do: "breaker"; name: string; type: "breaker.trip" | "breaker.reset" }
  | { do: "endDrain" };

const one = <const Name extends string, Fields extends object>(
  name: Name,
  fields: { [Key in keyof Fields]: fc.Arbitrary<Fields[Key]> },
) => fc.record({ do: fc.constant(name), ...fields }) as unknown as fc.Arbitrary<{ do: Name } & Fields>;

const timeouts = fc.constantFrom(undefined, 0, 0.5, 5, 20, 100, Infinity);

const invokes = one("invoke", {
  name: fc.constantFrom(...functionNames),
  caller: fc.nat(2),
  timeoutMs: timeouts,
  bytes: fc.constantFrom(0, 0, 0, 0, 1001),
  word: fc.constantFrom(...words),
});
const verdicts = one("verdict", {
  pick: fc.nat(9),
  word: fc.constantFrom<LaterWord>("yes", "yes", "no", "throws", "odd"),
});
const answers = one("answer", {
  worker: fc.nat(5),
  pick: fc.nat(9),
  code: fc.constantFrom(0, 0, 0, 0, 2000, 2003, 3000),
});
const items = one("items", {
  worker: fc.nat(5),
  pick: fc.nat(9),
  count: fc.nat(5),
  bytes: fc.constantFrom(0, 0, 1, 600_000),
  isEnd: fc.constantFrom(false, false, true),
});
const excesses = one("excess", { worker: fc.nat(5), pick: fc.nat(9) });
const acks = one("ack", {
  pick: fc.nat(9),
  part: fc.constantFrom(0, 0.5, 1),
  window: fc.constantFrom(0, 1, 3, 1024),
});
const cancels = one("cancel", { pick: fc.nat(20), answerNow: fc.constantFrom(false, false, true) });
const advances = one("advance", { ms: fc.constantFrom(0, 1, 4, 10, 45, 200) });
const exits = one("exit", {
  worker: fc.nat(5),
  isPublishedFirst: fc.boolean(),
  wasAsked: fc.constantFrom(false, false, true),
});
const breakers = one("breaker", {
  name: fc.constantFrom("a.f", "b.g"),
  type: fc.constantFrom("breaker.trip" as const, "breaker.reset" as const, "breaker.reset" as const),
});
const spawns = one("spawn", {
  pool: fc.constantFrom(0 as const, 1 as const),
  canCancel: fc.boolean(),
  answersAtOnce: fc.constantFrom(false, false, false, true),
  guard: fc.constantFrom(...guardKinds),
  maxCalls: fc.constantFrom(Infinity, Infinity, 1, 3),
});
const locates = one("locate", {
  pick: fc.nat(5),
  place: fc.constantFrom(stuckPlace, stuckPlace, { ...stuckPlace, lagMs: 0 }, null),
});
const watches = one("watch", {
  worker: fc.nat(5),
  what: fc.constantFrom("idle" as const, "quiet" as const),
});

/** All that can happen. */
const eventful: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 12, arbitrary: invokes },
    { weight: 3, arbitrary: verdicts },
    { weight: 4, arbitrary: one("turn", {}) },
    { weight: 8, arbitrary: answers },
    { weight: 1, arbitrary: one("answerAgain", { worker: fc.nat(5), pick: fc.nat(9) }) },
    { weight: 1, arbitrary: one("answerUnknown", { worker: fc.nat(5) }) },
    { weight: 6, arbitrary: items },
    { weight: 1, arbitrary: excesses },
    { weight: 4, arbitrary: acks },
    { weight: 3, arbitrary: cancels },
    { weight: 4, arbitrary: advances },
    { weight: 3, arbitrary: spawns },
    { weight: 2, arbitrary: exits },
    { weight: 2, arbitrary: locates },
    { weight: 2, arbitrary: watches },
    { weight: 1, arbitrary: breakers },
    {
      weight: 2,
      arbitrary: one("isDue", { pool: fc.constantFrom(0 as const, 1 as const), isDue: fc.boolean() }),
    },
    { weight: 1, arbitrary: one("choke", { worker: fc.nat(5), queuedBytes: fc.constantFrom(0, 5000) }) },
    {
      weight: 1,
      arbitrary: one("admission", {
        admission: fc.constantFrom<Admission>("open", "open", "draining", "closed"),
      }),
    },
    { weight: 1, arbitrary: one("endDrain", {}) },
  ),
  { minLength: 5, maxLength: 120, size: "max" },
);

/** Two workers, and more calls than slots: what the queue is for. */
const crowded: fc.Arbitrary<Step[]> = fc
  .array(
    fc.oneof(
      {
        weight: 20,
        arbitrary: one("invoke", {
          name: fc.constantFrom("a.f", "a.g", "b.f", "b.s"),
          caller: fc.constantFrom(0, 0, 0, 1, 2),
          timeoutMs: fc.constantFrom(undefined, 20, 40, 100, Infinity),
          bytes: fc.constant(0),
          word: fc.constantFrom<Word>("yes", "yes", "yes", "yes", "later", "no"),
        }),
      },
      { weight: 2, arbitrary: verdicts },
      { weight: 10, arbitrary: answers },
      { weight: 5, arbitrary: items },
      { weight: 4, arbitrary: acks },
      { weight: 2, arbitrary: cancels },
      { weight: 3, arbitrary: advances },
      { weight: 1, arbitrary: exits },
      { weight: 1, arbitrary: spawns },
      { weight: 3, arbitrary: locates },
      { weight: 1, arbitrary: breakers },
    ),
    { minLength: 20, maxLength: 100, size: "max" },
  )
  .map((rest) => [...([0, 1] as const).map(spawned), ...rest]);

function spawned(pool: 0 | 1): Step {
  return {
    do: "spawn",
    pool,
    canCancel: true,
    answersAtOnce: false,
    guard: pool === 0 ? "later" : "none",
    maxCalls: Infinity,
  };
}

export const steps = fc.oneof({ weight: 3, arbitrary: eventful }, { weight: 1, arbitrary: crowded });
