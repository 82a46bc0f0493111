// Each verb of a scenario, with a scripted peer in memory: when it holds, and what it says when it does not.

import { describe, expect, test } from "@jest/globals";
import { Decoder, encode, type Message } from "../../../src/protocol/index.js";
import { ScenarioRun } from "../../../src/testing/conform/run-scenario.js";
import type { Step } from "../../../src/testing/conform/scenario.js";
import { createMemoryPair } from "../../../src/transport/memory-duplex.js";

const result = (requestId: number): Message => ({
  type: "InvokeResult",
  requestId,
  result: Uint8Array.of(requestId),
  durationUs: 0,
});
const cancelAck = (requestId: number): Message => ({ type: "CancelAck", requestId });
const health: Message = { type: "HealthStatus", uptimeMs: 1, activeRequests: 0, totalRequests: 0 };

/** Sends `says` and then, when `closes`, its end. Resolves with undefined when the steps hold, else with the reason. */
async function outcome(
  steps: readonly Step[],
  says: readonly Message[],
  closes = false,
): Promise<string | undefined> {
  const [tester, peer] = createMemoryPair();
  const nothing = (): undefined => undefined;
  peer.attach({ data: nothing, drain: nothing, end: nothing, close: nothing });
  peer.resume();
  const subject = { duplex: tester, destroy: () => Promise.resolve() };
  const scenario = { name: "t", rule: "R.", section: "", side: "worker", start: "connected", steps } as const;
  const run = new ScenarioRun(scenario, subject, { patienceMs: 300, quietMs: 30 });
  for (const message of says) peer.write(encode(message), nothing);
  if (closes) peer.end();
  return run.run().then(
    () => undefined,
    (error: Error) => error.message,
  );
}

describe("expect", () => {
  test("order counts within a lane, and not between lanes", async () => {
    const says = [result(2), cancelAck(1), result(1), health];
    const steps: Step[] = [
      { expect: "InvokeResult", fields: { request_id: 1 } },
      { expect: "HealthStatus" },
      { expect: "CancelAck", fields: { request_id: 1 } },
      { expect: "InvokeResult", fields: { request_id: 2 } },
    ];
    expect(await outcome(steps, says)).toBeUndefined();
  });

  test("another message of the lane breaks the rule, unless it may come before", async () => {
    const start: Message = { type: "StreamStart", requestId: 1, window: 4 };
    const fields = { request_id: 1 };
    expect(await outcome([{ expect: "InvokeResult", fields }], [start, result(1)])).toBe(
      "Expected InvokeResult request_id=1; StreamStart request_id=1 window=4 came (it is no InvokeResult).",
    );
    const eventually: Step = { expect: "InvokeResult", fields, eventually: true };
    expect(await outcome([eventually], [start, result(1)])).toBeUndefined();
  });

  test("what does not come, and a link that closes before", async () => {
    const steps: Step[] = [{ expect: "HealthStatus", fields: { active_requests: 0 } }];
    expect(await outcome(steps, [])).toBe(
      "Expected HealthStatus active_requests=0; nothing of it came within 300 ms.",
    );
    expect(await outcome(steps, [], true)).toContain("; the worker closed the link before it came.");
  });

  test("first and last", async () => {
    const first: Step[] = [{ expect: "HealthStatus", place: "first" }];
    expect(await outcome(first, [health])).toBeUndefined();
    expect(await outcome(first, [cancelAck(1), health])).toContain("CancelAck request_id=1 came before it.");
    const last: Step[] = [{ expect: "HealthStatus", place: "last" }];
    expect(await outcome(last, [cancelAck(1), health], true)).toBeUndefined();
    expect(await outcome(last, [health, cancelAck(1)], true)).toContain(
      "CancelAck request_id=1 came after it.",
    );
    expect(await outcome(last, [health])).toContain("Expected the link to be closed");
  });

  test("what was saved is known from then on", async () => {
    const steps: Step[] = [
      { expect: "StreamStart", fields: { request_id: 1, window: { $save: "W" } } },
      { expect: "HealthStatus", fields: { uptime_ms: { $var: "W", plus: -3 } } },
      {
        repeat: { $var: "W" },
        as: "i",
        steps: [{ expect: "CancelAck", fields: { request_id: { $var: "i" } } }],
      },
    ];
    const acks = [0, 1, 2, 3].map(cancelAck);
    const start: Message = { type: "StreamStart", requestId: 1, window: 4 };
    expect(await outcome(steps, [start, health, ...acks])).toBeUndefined();
    expect(await outcome(steps, [start, health, ...acks.slice(1)])).toBe(
      "Expected CancelAck request_id=0; nothing of it came within 300 ms.",
    );
  });
});

describe("quiet and never", () => {
  test("quiet is about what no step has expected", async () => {
    const expected: Step = { expect: "CancelAck", fields: { request_id: 1 } };
    const quiet: Step = { quiet: "CancelAck", fields: { request_id: 1 } };
    expect(await outcome([expected, quiet], [cancelAck(1), cancelAck(2)])).toBeUndefined();
    expect(await outcome([expected, quiet], [cancelAck(1), cancelAck(1)])).toBe(
      "Expected no CancelAck request_id=1 yet; the worker sent CancelAck request_id=1.",
    );
  });

  test("never is about everything that comes after it", async () => {
    const steps: Step[] = [
      { never: "CancelAck", fields: { request_id: { $range: [5, null] } } },
      { expect: "HealthStatus" },
    ];
    expect(await outcome(steps, [cancelAck(4), health])).toBeUndefined();
    expect(await outcome(steps, [cancelAck(5), health])).toContain("the worker sent CancelAck request_id=5.");
  });
});

test("open, close, and the smallest form", async () => {
  expect(await outcome([{ expectOpen: true }], [])).toBeUndefined();
  expect(await outcome([{ expectOpen: true }], [], true)).toContain("the link to stay open");
  expect(await outcome([{ expectClose: true }], [], true)).toBeUndefined();
  expect(await outcome([{ expectClose: true }], [])).toContain("it was still open after 300 ms");
  expect(await outcome([{ expect: "HealthStatus" }, { canonical: true }], [health])).toBeUndefined();
});

test("a message may go out in two pieces", async () => {
  const [tester, peer] = createMemoryPair();
  const chunks: number[] = [];
  const decoder = new Decoder();
  const came: Message[] = [];
  peer.attach({
    data: (chunk) => {
      chunks.push(chunk.length);
      came.push(...decoder.push(chunk));
    },
    drain: () => undefined,
    end: () => undefined,
    close: () => undefined,
  });
  peer.resume();
  const steps: Step[] = [{ send: "HealthCheck", cut: 3 }, { expectOpen: true }];
  const scenario = { name: "t", rule: "R.", section: "", side: "worker", start: "connected", steps } as const;
  const subject = { duplex: tester, destroy: () => Promise.resolve() };
  await new ScenarioRun(scenario, subject, { patienceMs: 300, quietMs: 30 }).run();
  expect(chunks[0]).toBe(3);
  expect(came).toEqual([{ type: "HealthCheck" }]);
});
