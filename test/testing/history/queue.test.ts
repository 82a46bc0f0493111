import { describe, expect, test } from "@jest/globals";
import { checkHistory } from "../../../src/testing/history/check-history.js";
import type { History } from "../../../src/testing/history/events.js";
import {
  accept,
  cancel,
  dispatch,
  end,
  enqueue,
  gone,
  invoke,
  keyOf,
  oneGoodCall,
  outcome,
  process,
  reject,
  release,
  settle,
  start,
} from "./events.js";

const up = [process("spawn", 1, 100), process("ready", 1, 100)];
const k2 = keyOf(1, 2);
const limits = { maxInFlight: 2, maxInFlightPerFunction: 1, maxQueue: 1, maxQueueWaitMs: 100 };
/** Request 1 holds the only slot of f while `waits` happens to request 2, and is answered after that. */
const besides = (...waits: History["supervisor"]) => [
  ...[...up, accept(1, 1, 1), dispatch(1, 1)],
  ...waits,
  ...[settle(1, 1, 0), release(1, 1)],
];
const heard = (code: number) => [...oneGoodCall.host, invoke(1, 2), outcome(1, 2, code)];
const ran = [...oneGoodCall.worker, start(k2, 100), end(k2, 100)];
const granted = [accept(1, 2, 2), dispatch(2, 1), settle(2, 1, 0), release(2, 1)];

function findings(changes: Partial<History>): string[] {
  const { findings: found } = checkHistory({ ...oneGoodCall, limits, ...changes });
  return found.map((f) => `${f.verdict} ${f.guarantee}`);
}

const good: readonly [title: string, history: Partial<History>][] = [
  [
    "it gets the slot that comes free",
    { host: heard(0), supervisor: [...besides(enqueue(1, 2, 2)), ...granted], worker: ran },
  ],
  [
    "it is refused when its wait is over",
    { host: heard(3002), supervisor: besides(enqueue(1, 2, 2), reject(1, 2, 3002, "f", 100)) },
  ],
  [
    "it gives its place to another",
    {
      host: [...heard(3002), invoke(2, 1), outcome(2, 1, 3001)],
      supervisor: besides(...[enqueue(1, 2, 2), reject(1, 2, 3002), enqueue(2, 1, 3), reject(2, 1, 3001)]),
    },
  ],
  [
    "it runs out of time",
    { host: heard(2001), supervisor: besides(enqueue(1, 2, 2, "f", 50), reject(1, 2, 2001, "f", 50)) },
  ],
  [
    "its caller cancels it",
    {
      host: [...oneGoodCall.host, invoke(1, 2), cancel(1, 2), outcome(1, 2, 2002)],
      supervisor: besides(enqueue(1, 2, 2), reject(1, 2, 2002)),
    },
  ],
  [
    "its caller goes away",
    {
      host: [...oneGoodCall.host, invoke(1, 2), gone(1)],
      supervisor: besides(enqueue(1, 2, 2), reject(1, 2, 2002)),
    },
  ],
  ["a drain refuses it", { host: heard(3001), supervisor: besides(enqueue(1, 2, 2), reject(1, 2, 3001)) }],
];

const bad: readonly [title: string, expected: string, history: Partial<History>][] = [
  ["is forgotten", "lost G2", { host: heard(3001), supervisor: besides(enqueue(1, 2, 2)) }],
  [
    "is accepted and refused",
    "duplicated G2",
    {
      host: heard(3001),
      supervisor: [
        ...besides(enqueue(1, 2, 2), reject(1, 2, 3001)),
        ...[accept(1, 2, 2), settle(2, 0, 3001), release(2, 0)],
      ],
    },
  ],
  [
    "waits longer than one may",
    "late G2",
    { host: heard(3002), supervisor: besides(enqueue(1, 2, 2), reject(1, 2, 3002, "f", 351)) },
  ],
  [
    "waits beyond its deadline",
    "late G2",
    { host: heard(2001), supervisor: besides(enqueue(1, 2, 2, "f", 10), reject(1, 2, 2001, "f", 261)) },
  ],
  [
    "is refused after its wait and runs all the same",
    "lied G4",
    {
      host: heard(3002),
      supervisor: besides(enqueue(1, 2, 2), reject(1, 2, 3002, "f", 100)),
      worker: ran,
    },
  ],
  [
    "is cancelled while it waits and runs all the same",
    "lied G4",
    {
      host: [...oneGoodCall.host, invoke(1, 2), cancel(1, 2), outcome(1, 2, 2002)],
      supervisor: besides(enqueue(1, 2, 2), reject(1, 2, 2002)),
      worker: ran,
    },
  ],
  [
    "waits beside more others than may wait",
    "unexpected G10",
    {
      host: [...heard(3001), invoke(1, 3), outcome(1, 3, 3001)],
      supervisor: besides(enqueue(1, 2, 2), enqueue(1, 3, 3), reject(1, 2, 3001), reject(1, 3, 3001)),
    },
  ],
  [
    "gets a slot while none is free",
    "unexpected G10",
    { host: heard(0), supervisor: besides(enqueue(1, 2, 2), ...granted), worker: ran },
  ],
  [
    "has to wait while a slot is free",
    "unexpected G15",
    { host: heard(0), supervisor: [...besides(), enqueue(1, 2, 2), ...granted], worker: ran },
  ],
  [
    "is refused although it could wait",
    "lied G15",
    { host: heard(3002), supervisor: besides(reject(1, 2, 3002)) },
  ],
  [
    "is refused before its wait is over",
    "lied G15",
    {
      host: heard(3002),
      supervisor: besides(enqueue(1, 2, 2), reject(1, 2, 3002, "f", 99)),
      limits: { ...limits, maxQueue: 2 },
    },
  ],
  [
    "hears 2002 though nobody cancelled it",
    "unexpected G15",
    { host: heard(2002), supervisor: besides(enqueue(1, 2, 2), reject(1, 2, 2002)) },
  ],
];

describe("calls that wait for a slot", () => {
  test.each(good)("is good: %s", (_title, history) => {
    expect(findings(history)).toEqual([]);
  });

  test.each(bad)("is found: one %s", (_title, expected, history) => {
    expect(findings(history)).toEqual([expected]);
  });
});
