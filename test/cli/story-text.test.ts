import { expect, test } from "@jest/globals";
import { storyLines } from "../../src/cli/story-text.js";
import type { CallStory } from "../../src/contract/call-story.js";

const worker = { worker: "app:1", generation: 1, pid: 42 };
const story: CallStory = {
  requestId: 7,
  connection: 3,
  hostRequestId: 17,
  functionName: "math.add",
  pool: "app",
  atMs: 0,
  isOver: true,
  steps: [
    { step: "accepted", afterMs: 0, leftMs: 200 },
    { step: "dispatched", afterMs: 0.04, ...worker },
    { step: "cancelSent", afterMs: 200.2, ...worker },
    {
      step: "answered",
      afterMs: 200.3,
      ...worker,
      code: 2001,
      name: "Timeout",
      message: "It took too long.",
    },
    { step: "lateAnswer", afterMs: 250, ...worker },
    { step: "slotFreed", afterMs: 250, ...worker },
  ],
  functionBreaker: { state: "open", retryAfterMs: 900 },
  poolBreaker: { state: "closed", retryAfterMs: null },
};

test("a call is told in the order of its steps, with its callers' number and the breakers that matter to the next one", () => {
  expect(storyLines(story)).toEqual([
    "math.add  call 7, request 17 of connection 3, 1970-01-01T00:00:00.000Z",
    "        +0.0 ms  was let in; its deadline was in 200 ms",
    "        +0.0 ms  was sent to app:1 (generation 1, process 42)",
    "      +200.2 ms  app:1 (generation 1, process 42) was told to cancel it",
    "      +200.3 ms  was answered: 2001 Timeout: It took too long.",
    "      +250.0 ms  app:1 (generation 1, process 42) answered too late; nobody saw that",
    "      +250.0 ms  gave its slot back",
    "  breakers now: math.add open for 900 ms, pool app closed",
  ]);
});

test("one that was refused, and one that is not over, say so", () => {
  const steps: CallStory["steps"] = [
    { step: "waited", afterMs: 0, leftMs: Infinity },
    { step: "refused", afterMs: 5, code: 3002, name: "Overloaded", message: "Too many." },
  ];
  const lines = storyLines({ ...story, requestId: null, connection: 0, pool: null, isOver: false, steps });
  expect(lines[0]).toBe("math.add  request 17 of the embedding program, 1970-01-01T00:00:00.000Z");
  expect(lines.slice(1)).toEqual([
    "        +0.0 ms  waited for a slot; it had no deadline",
    "        +5.0 ms  was refused, and never ran: 3002 Overloaded: Too many.",
    "  it is not over",
    "  breakers now: math.add open for 900 ms",
  ]);
});
