// The chart of one call: what every call goes through, from admission to the moment its slot is free.
// A specification: dispatch is its compiled form and no actor of it runs in production. It sends and does nothing.

import { setup } from "xstate";
import type { CallEvent } from "./events.js";

export const callMachine = setup({
  types: { events: {} as CallEvent },
}).createMachine({
  id: "call",
  initial: "arriving",
  options: { maxIterations: 1000 },
  states: {
    arriving: {
      meta: { description: "The call has come in and holds nothing yet." },
      on: { "call.rejected": "refused", "call.enqueued": "waiting", "call.accepted": "queued" },
    },
    waiting: {
      meta: {
        description:
          "No slot is free. It waits for one, within limits.maxQueueWaitMs and its deadline, and holds none.",
      },
      on: { "call.rejected": "refused", "call.accepted": "queued" },
    },
    refused: {
      type: "final",
      meta: {
        description:
          "Answered with an error of class N or, while it waited, with 2001 or 2002; it never held a slot and never ran.",
      },
    },
    queued: {
      meta: {
        description:
          "It holds a slot and waits, within its deadline: for the verifier's word where there is a verifier, then for a worker that is starting.",
      },
      on: {
        "call.dispatched": "dispatched",
        "caller.answered": "answeredUnstarted",
      },
    },
    answeredUnstarted: {
      meta: { description: "Answered before any worker had it; its slot is freed in the same step." },
      on: { "slot.released": "settled" },
    },
    dispatched: {
      meta: { description: "One worker has it, and its caller waits." },
      on: {
        "stream.started": "streaming",
        "cancel.sent": "cancelling",
        "caller.answered": "answered",
      },
    },
    streaming: {
      meta: {
        description:
          "Its worker sends items, as many as the caller has let come; they are passed on until the one answer, which ends them.",
      },
      on: {
        "cancel.sent": "cancelling",
        "caller.answered": "answered",
      },
    },
    cancelling: {
      meta: {
        description: "A Cancel is on its way to the worker; the caller waits for the worker's last word.",
      },
      on: { "stream.started": "cancelling", "caller.answered": "answered" },
    },
    answered: {
      meta: {
        description:
          "The caller has its one answer. The slot is freed at once when the worker gave that answer or is gone; after a deadline or a cancel it stays taken until then. With it a stream's credit is given back.",
      },
      on: {
        "stream.started": "answered",
        "answer.discarded": "answered",
        "credit.returned": "answered",
        "slot.released": "settled",
      },
    },
    settled: { type: "final", meta: { description: "Answered once, and the slot is free." } },
  },
});
