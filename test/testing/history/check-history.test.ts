import { describe, expect, test } from "@jest/globals";
import { checkHistory } from "../../../src/testing/history/check-history.js";
import type {
  History,
  HostEvent,
  SupervisorEvent,
  WorkerEvent,
} from "../../../src/testing/history/events.js";
import {
  accept,
  cancel,
  dispatch,
  end,
  gone,
  invoke,
  keyOf,
  late,
  oneGoodCall,
  outcome,
  process,
  reject,
  release,
  settle,
  start,
} from "./events.js";

const up = [process("spawn", 1, 100), process("ready", 1, 100)];
const [k1, k2] = [keyOf(1, 1), keyOf(1, 2)];
const ran = [start(k1, 100), end(k1, 100)];
const heard = (code: number) => [invoke(1, 1), outcome(1, 1, code)];
const told = (code: number) => [...up, accept(1, 1, 1), dispatch(1, 1), settle(1, 1, code), release(1, 1)];

function findings(changes: Partial<History>): string[] {
  return checkHistory({ ...oneGoodCall, ...changes }).findings.map((f) => `${f.verdict} ${f.guarantee}`);
}

const good: readonly [title: string, history: Partial<History>][] = [
  ["one call with a result", {}],
  [
    "a call that never reached the supervisor, refused by the host",
    { host: heard(1001), supervisor: up, worker: [] },
  ],
  ["a refused call", { host: heard(3001), supervisor: [reject(1, 1, 3001)], worker: [] }],
  ["a call without any time left", { host: heard(2001), supervisor: [reject(1, 1, 2001)], worker: [] }],
  ["a worker refuses parameters", { host: heard(1001), supervisor: told(1001), worker: [] }],
  ["a function that throws", { host: heard(2000), supervisor: told(2000) }],
  [
    "a timeout whose slot is freed by the late answer",
    {
      host: heard(2001),
      supervisor: [
        ...up,
        accept(1, 1, 1),
        dispatch(1, 1),
        settle(1, 1, 2001, 1100),
        late(1, 1),
        release(1, 1),
      ],
    },
  ],
  [
    "a timeout of a call that waited for a worker",
    {
      host: heard(2001),
      supervisor: [...up, accept(1, 1, 1), settle(1, 0, 2001, 1000), release(1, 0)],
      worker: [],
    },
  ],
  [
    "a worker that dies in the middle of a call",
    {
      host: heard(2003),
      supervisor: [
        ...up,
        accept(1, 1, 1),
        dispatch(1, 1),
        process("exit", 1, 100),
        settle(1, 1, 2003),
        release(1, 1),
      ],
      worker: [start(k1, 100)],
    },
  ],
  [
    "a caller that aborts hears 2002 although the result was on its way",
    { host: [invoke(1, 1), cancel(1, 1), outcome(1, 1, 2002)] },
  ],
  [
    "a reader whose own limit is over hears 2001, and the journal has its Cancel",
    { host: [invoke(1, 1), cancel(1, 1, true), outcome(1, 1, 2001)], supervisor: told(2002) },
  ],
  ["a caller that goes away hears nothing", { host: [invoke(1, 1), gone(1)], supervisor: told(2002) }],
  ["a caller whose link is lost", { host: [invoke(1, 1), gone(1), outcome(1, 1, 3003)] }],
  [
    "a drain that ends a call",
    {
      host: heard(2002),
      supervisor: [
        ...up,
        accept(1, 1, 1),
        dispatch(1, 1),
        process("drain", 1, 100),
        settle(1, 1, 2002),
        release(1, 1),
        process("exit", 1, 100),
      ],
    },
  ],
  [
    "a drain that ends a waiting call",
    {
      host: heard(2002),
      supervisor: [...up, accept(1, 1, 1), process("drain", 1, 100), settle(1, 0, 2002), release(1, 0)],
      worker: [],
    },
  ],
  [
    "a call that was taken, and refused by the verifier",
    {
      host: heard(1003),
      supervisor: [...up, accept(1, 1, 1), settle(1, 0, 1003), release(1, 0)],
      worker: [],
    },
  ],
  [
    "a call without an end in sight",
    { supervisor: told(0).map((e) => ({ ...e, deadlineMs: Infinity, atMs: 1e9 })) },
  ],
  [
    "a refusal while the limit is reached",
    {
      host: [...oneGoodCall.host, invoke(1, 2), outcome(1, 2, 3002)],
      supervisor: [
        ...up,
        accept(1, 1, 1),
        reject(1, 2, 3002),
        dispatch(1, 1),
        settle(1, 1, 0),
        release(1, 1),
      ],
    },
  ],
  [
    "a call still under way",
    { host: [invoke(1, 1)], supervisor: told(0).slice(0, 4), worker: [], ended: false },
  ],
  [
    "a function that keeps no execution log",
    {
      host: [{ kind: "invoke", callerId: 1, requestId: 1, functionName: "f", atMs: 0 }, outcome(1, 1, 0)],
      worker: [],
    },
  ],
  ["a late answer of a process that is long gone", { supervisor: [...told(0), late(77, 1)] }],
];

interface Bad {
  readonly host?: readonly HostEvent[];
  readonly supervisor?: readonly SupervisorEvent[];
  readonly worker?: readonly WorkerEvent[];
}

const bad: readonly [title: string, expected: string, history: Bad][] = [
  ["a function runs twice", "duplicated G1", { worker: [...ran, start(k1, 101)] }],
  [
    "a call goes to a second worker after the first one died",
    "duplicated G1",
    { supervisor: [...up, accept(1, 1, 1), dispatch(1, 2), dispatch(1, 1), settle(1, 1, 0), release(1, 1)] },
  ],
  ["an execution ends that never began", "lied G5, unexpected G1", { worker: [end(k1, 100)] }],
  ["a caller waits for ever", "lost G2", { host: [invoke(1, 1)] }],
  [
    "a call that was never accepted gets no answer",
    "lost G2",
    { host: [invoke(1, 1)], supervisor: up, worker: [] },
  ],
  [
    "an accepted call is never settled",
    "lost G2",
    { host: heard(3003), supervisor: [...up, accept(1, 1, 1), release(1, 0)], worker: [] },
  ],
  ["a caller gets two results", "duplicated G2", { host: [...heard(0), outcome(1, 1, 0)] }],
  ["a caller gets a result after a timeout", "duplicated G2", { host: [...heard(2001), outcome(1, 1, 0)] }],
  [
    "a call is settled by its timeout and by its answer",
    "duplicated G2",
    {
      supervisor: [
        ...up,
        accept(1, 1, 1),
        dispatch(1, 1),
        settle(1, 1, 2001),
        settle(1, 1, 0),
        release(1, 1),
      ],
    },
  ],
  [
    "a call is accepted and refused",
    "duplicated G2",
    { supervisor: [...up, reject(1, 1, 3001), ...told(3001).slice(2)], host: heard(3001), worker: [] },
  ],
  [
    "a call is settled long after its deadline",
    "late G2",
    { supervisor: [...up, accept(1, 1, 1), dispatch(1, 1), settle(1, 1, 0, 1251), release(1, 1)] },
  ],
  [
    "a refusal says that the function may have run",
    "lied G2",
    { host: heard(2003), supervisor: [reject(1, 1, 2003)], worker: [] },
  ],
  ["an outcome of nothing", "unexpected G3", { host: [...oneGoodCall.host, outcome(1, 9, 3001)] }],
  ["one request id for two calls", "unexpected G3", { host: [invoke(1, 1), ...heard(0)] }],
  [
    "the supervisor invents a call",
    "unexpected G3",
    { supervisor: [...told(0), accept(1, 7, 2), settle(2, 0, 3001), release(2, 0)] },
  ],
  ["a function runs that nobody invoked", "unexpected G3", { worker: [...ran, start(k2, 100)] }],
  [
    "a caller gets the result of its own other call",
    "unexpected G3",
    {
      host: [invoke(1, 2), invoke(1, 1), outcome(1, 1, 0, k2), outcome(1, 2, 3001)],
      supervisor: [reject(1, 2, 3001), ...told(0)],
    },
  ],
  ["a call is refused, but runs", "lied G4", { host: heard(3002), supervisor: told(3002) }],
  [
    "a refusal by the verifier, but the function runs",
    "lied G4",
    {
      host: heard(1003),
      supervisor: [...up, accept(1, 1, 1), settle(1, 0, 1003), release(1, 0)],
    },
  ],
  [
    "a refusal at the door, but the function runs",
    "lied G4",
    { host: heard(3001), supervisor: [reject(1, 1, 3001)] },
  ],
  [
    "a call without time left runs all the same",
    "lied G4",
    { host: heard(2001), supervisor: [reject(1, 1, 2001)] },
  ],
  ["a result without any execution", "lied G5", { worker: [] }],
  ["a result of a function that is still running", "lied G5", { worker: [start(k1, 100)] }],
  ["a result of a process that did not have the call", "lied G5", { worker: [start(k1, 101), end(k1, 101)] }],
  ["a caller hears a result where the journal has a death", "lied G5", { supervisor: told(2003) }],
  [
    "a caller hears a result that nobody decided",
    "lost G2, lied G5",
    { supervisor: [...up, accept(1, 1, 1), dispatch(1, 1), release(1, 1)] },
  ],
  [
    "a caller that cancelled for no limit of its own hears of a timeout",
    "lied G6",
    { host: [invoke(1, 1), cancel(1, 1), outcome(1, 1, 2001)], supervisor: told(2002) },
  ],
  [
    "a reader gave up, and hears what its function never said",
    "lied G6",
    { host: [invoke(1, 1), cancel(1, 1, true), outcome(1, 1, 2000)], supervisor: told(2002) },
  ],
  ["a caller hears of a cancellation it did not ask for", "lied G6", { host: heard(2002) }],
  [
    "a caller hears of a timeout where the journal has a death",
    "lied G6",
    { host: heard(2001), supervisor: told(2003) },
  ],
  ["an error code of no table", "unexpected G6", { host: heard(4242), supervisor: told(4242) }],
  [
    "a process settles a call that another one has",
    "unexpected G7",
    { supervisor: [...up, accept(1, 1, 1), dispatch(1, 1), settle(1, 2, 0), release(1, 1)] },
  ],
  [
    "a result without a dispatch",
    "unexpected G7",
    { supervisor: [...up, accept(1, 1, 1), settle(1, 0, 0), release(1, 0)] },
  ],
  [
    "a call is dispatched after its timeout",
    "unexpected G7",
    {
      host: heard(2001),
      supervisor: [...up, accept(1, 1, 1), settle(1, 0, 2001), dispatch(1, 1), release(1, 1)],
    },
  ],
  [
    "a settle of a call that was never accepted",
    "unexpected G7",
    { supervisor: [...told(0), settle(9, 0, 3001)] },
  ],
  [
    "the answer to an open call is thrown away",
    "lost G7",
    {
      host: heard(2001),
      supervisor: [...up, accept(1, 1, 1), dispatch(1, 1), late(1, 1), settle(1, 1, 2001), release(1, 1)],
    },
  ],
  ["two processes share one number", "unexpected G7", { supervisor: [process("spawn", 1, 100), ...told(0)] }],
  ["a slot is never freed", "lost G10", { supervisor: told(0).slice(0, -1) }],
  ["a slot is freed twice", "duplicated G10", { supervisor: [...told(0), release(1, 1)] }],
  [
    "more calls of one function than its limit",
    "unexpected G10",
    {
      host: [...oneGoodCall.host, invoke(1, 2), outcome(1, 2, 3001)],
      supervisor: [
        ...told(0).slice(0, -1),
        accept(1, 2, 2),
        settle(2, 0, 3001),
        release(2, 0),
        release(1, 1),
      ],
    },
  ],
  [
    "more calls in all than the limit: an answered call keeps its slot until its worker is done",
    "unexpected G10",
    {
      host: ["f", "g", "h"].flatMap((name, index) => [
        invoke(1, index + 1, name),
        outcome(1, index + 1, 2001),
      ]),
      supervisor: [
        ...up,
        ...["f", "g", "h"].flatMap((name, index) => [
          accept(1, index + 1, index + 1, name),
          dispatch(index + 1, 1),
          settle(index + 1, 1, 2001),
        ]),
        ...[1, 2, 3].map((callId) => release(callId, 1)),
      ],
      worker: [],
    },
  ],
  [
    "a draining process gets a call",
    "unexpected G14",
    { supervisor: [process("drain", 1, 100), ...told(0)] },
  ],
  [
    "a dead process gets a call",
    "unexpected G14",
    { host: heard(2003), supervisor: [process("exit", 1, 100), ...told(2003)], worker: [] },
  ],
  [
    "a cancel of one caller ends the call of another",
    "unexpected G15",
    { host: [...heard(2002), invoke(2, 1), cancel(2, 1), outcome(2, 1, 2002)], supervisor: told(2002) },
  ],
  [
    "the drain of one process ends a call on another",
    "unexpected G15",
    { host: heard(2002), supervisor: [process("drain", 2, 101), ...told(2002)] },
  ],
  [
    "a caller gets the result of another caller",
    "unexpected G15",
    {
      host: [invoke(2, 1), outcome(2, 1, 3001), invoke(1, 1), outcome(1, 1, 0, keyOf(2, 1))],
      supervisor: [reject(2, 1, 3001), ...told(0)],
    },
  ],
  [
    "a busy function makes another one refuse",
    "lied G15",
    {
      host: [...oneGoodCall.host, invoke(1, 2, "g"), outcome(1, 2, 3002)],
      supervisor: [
        ...up,
        accept(1, 1, 1),
        reject(1, 2, 3002, "g"),
        dispatch(1, 1),
        settle(1, 1, 0),
        release(1, 1),
      ],
    },
  ],
];

describe("good histories pass", () => {
  test.each(good)("%s", (_title, history) => {
    expect(findings(history)).toEqual([]);
  });
});

describe("bad histories are flagged", () => {
  test("there are thirty of them at least", () => {
    expect(bad.length).toBeGreaterThanOrEqual(30);
  });

  test.each(bad)("%s: %s", (_title, expected, history) => {
    expect(findings(history).join(", ")).toBe(expected);
  });

  test("a finding says what it is about", () => {
    expect(checkHistory({ ...oneGoodCall, worker: [...ran, start(k1, 101)] }).findings).toEqual([
      { verdict: "duplicated", guarantee: "G1", message: "it started more than once", ref: `key ${k1}` },
    ]);
  });
});

test("calls that may have run are counted, not flagged", () => {
  const history = {
    ...oneGoodCall,
    host: [
      ...oneGoodCall.host,
      ...[2, 3, 4].flatMap((id) => [invoke(1, id), outcome(1, id, id === 2 ? 2003 : 3001)]),
    ],
    supervisor: [
      ...told(0),
      accept(1, 2, 2),
      dispatch(2, 1),
      settle(2, 1, 2003),
      release(2, 1),
      reject(1, 3, 3001),
      reject(1, 4, 3001),
    ],
  };
  const { counts, unknownRate, findings: found } = checkHistory(history);
  expect(found).toEqual([]);
  expect(counts).toEqual({ ok: 3, unknown: 1, lost: 0, duplicated: 0, unexpected: 0, lied: 0, late: 0 });
  expect(unknownRate).toBe(0.25);
});

test("a wider slack allows a slower settle", () => {
  const supervisor = [...up, accept(1, 1, 1), dispatch(1, 1), settle(1, 1, 0, 1251), release(1, 1)];
  expect(findings({ supervisor, settleSlackMs: 251 })).toEqual([]);
});

test("a hundred thousand calls pass, and one bad call among them is found", () => {
  const host: HostEvent[] = [];
  const supervisor: SupervisorEvent[] = [...up];
  const worker: WorkerEvent[] = [];
  for (let id = 1; id <= 100_000; id++) {
    host.push(invoke(1, id), outcome(1, id, 0, keyOf(1, id)));
    supervisor.push(accept(1, id, id), dispatch(id, 1), settle(id, 1, 0), release(id, 1));
    worker.push(start(keyOf(1, id), 100), end(keyOf(1, id), 100));
  }
  const history = { ...oneGoodCall, host, supervisor, worker };
  expect(checkHistory(history)).toMatchObject({ findings: [], counts: { ok: 100_000 }, unknownRate: 0 });
  worker.push(start(keyOf(1, 50_000), 100));
  expect(checkHistory(history).findings.map((f) => f.ref)).toContain(`key ${keyOf(1, 50_000)}`);
});
