import { describe, expect, test } from "@jest/globals";
import { failOnXstateWarnings } from "../xstate-warnings.js";
import { events, linkGraceMs, reapMs, stateNames, timings, ways, type WorkerStateName } from "./rig.js";

failOnXstateWarnings();

/** Where each event leads from each state; "." stays. `time` is the state's own patience, "-" where it has none. */
const chart = `
              spawned     failed  ended    opened       closed        breached  refused  listed  healthy  missed   start       stop         kill     drain        drained   condemn    stuck    well    worn  hold    unwanted  time
spawning      connecting  exited  exited   .            disconnected  killing   .        .       .        .        .           terminating  killing  terminating  .         .          .        .       .     .       .         killing
connecting    .           exited  exited   handshaking  disconnected  killing   .        .       .        .        .           terminating  killing  terminating  .         .          .        .       .     .       .         killing
handshaking   .           exited  reaping  .            disconnected  killing   killing  ready   .        .        .           terminating  killing  terminating  .         .          .        .       .     .       .         killing
proving       .           exited  reaping  .            disconnected  killing   .        .       ready    .        .           terminating  killing  terminating  .         .          .        .       .     .       .         killing
ready         .           exited  reaping  .            disconnected  killing   .        .       .        killing  .           stopping     killing  draining     .         examining  .        .       .     .       killing   -
examining     .           exited  reaping  .            disconnected  killing   .        .       .        .        .           killing      killing  .            killing   .          killing  spared  .     .       .         killing
spared        .           exited  reaping  .            disconnected  killing   .        .       .        .        .           killing      killing  .            killing   examining  .        .       .     .       .         killing
draining      .           exited  reaping  .            disconnected  killing   .        .       .        .        .           stopping     killing  .            stopping  owing      .        .       .     .       .         stopping
owing         .           exited  reaping  .            disconnected  killing   .        .       .        .        .           killing      killing  .            killing   .          .        .       .     .       .         killing
stopping      .           exited  reaping  .            .             killing   .        .       .        .        .           .            killing  .            .         .          .        .       .     .       .         terminating
terminating   .           exited  reaping  .            .             killing   .        .       .        .        .           .            killing  .            .         .          .        .       .     .       .         killing
killing       .           exited  reaping  .            .             .         .        .       .        .        .           .            .        .            .         .          .        .       .     .       .         -
disconnected  .           exited  exited   .            .             killing   .        .       .        .        .           terminating  killing  terminating  .         .          .        .       .     .       .         killing
reaping       .           exited  .        .            exited        .         .        .       .        .        .           .            .        .            .         .          .        .       .     .       .         exited
exited        .           .       .        .            .             .         .        .       .        .        backingOff  .            .        .            .         .          .        .       .     .       .         -
backingOff    .           .       .        .            .             .         .        .       .        .        .           exited       exited   exited       .         .          .        .       .     exited  .         spawning
`;
const patienceMs: Partial<Record<WorkerStateName, number>> = {
  spawning: timings.connectTimeoutMs,
  connecting: timings.connectTimeoutMs,
  handshaking: timings.connectTimeoutMs,
  proving: timings.connectTimeoutMs,
  examining: events.condemn.drainMs,
  spared: events.condemn.drainMs,
  draining: events.drain.drainMs,
  owing: events.drain.drainMs,
  stopping: timings.shutdownMs,
  terminating: timings.terminateMs,
  disconnected: linkGraceMs,
  reaping: reapMs,
  backingOff: events.start.delayMs,
};

const [head = [], ...rows] = chart
  .trim()
  .split("\n")
  .map((line) => line.trim().split(/\s+/));
const cells = rows.flatMap(([state = "", ...targets]) =>
  targets.map((target, column) => [state as WorkerStateName, head[column] ?? "", target] as const),
);

test("the table names every state and every event", () => {
  expect(rows.map(([state]) => state)).toEqual([...stateNames]);
  expect(head).toEqual([...Object.keys(events), "time"]);
  expect(cells).toHaveLength(rows.length * head.length);
});

test.each(stateNames)("the way to %s leads there", (state) => {
  expect(ways[state]().state).toBe(state);
});

describe("transitions", () => {
  test.each(cells)("%s, %s: %s", (state, name, target) => {
    const rig = ways[state]();
    const waitMs = patienceMs[state];
    if (name !== "time") {
      rig.send(events[name as keyof typeof events]);
    } else if (waitMs === undefined) {
      rig.clock.advance(86_400_000);
    } else {
      rig.clock.advance(waitMs - 1);
      expect(rig.state).toBe(state);
      rig.clock.advance(1);
    }
    expect(rig.state).toBe(target === "." || target === "-" ? state : target);
    expect([rig.status, rig.errors]).toEqual(["active", []]);
  });
});
