// The call's chart in words. Its types hold it complete for events, a test for the rest.

import type { MachineNotes } from "../notes.js";
import type { CallEvent } from "./events.js";

export const callNotes: MachineNotes<CallEvent["type"], never> = {
  summary: "One call, from admission to the moment its slot is free: the specification of dispatch.",
  place:
    "None runs, but for those that show some calls to whoever inspects: `dispatch/` is its compiled form, and tests hold the two together.",
  events: {
    "call.enqueued": {
      sort: "fact",
      from: ["dispatch"],
      means: "No slot was free, and it may wait for one.",
    },
    "call.accepted": { sort: "fact", from: ["dispatch"], means: "It has a slot." },
    "call.rejected": { sort: "fact", from: ["dispatch"], means: "It was answered and never had a slot." },
    "call.dispatched": { sort: "fact", from: ["dispatch"], means: "One worker has it." },
    "stream.started": { sort: "fact", from: ["dispatch"], means: "Its worker will send items." },
    "cancel.sent": { sort: "fact", from: ["dispatch"], means: "Its worker was told to give it up." },
    "caller.answered": { sort: "fact", from: ["dispatch"], means: "Its caller has the one answer." },
    "answer.discarded": { sort: "fact", from: ["dispatch"], means: "An answer came too late." },
    "credit.returned": {
      sort: "fact",
      from: ["dispatch"],
      means: "Its stream's worker may send no more.",
    },
    "slot.released": { sort: "fact", from: ["dispatch"], means: "Its slot is free for another." },
  },
  emits: {},
  guards: {},
  delays: {},
  actors: {},
};
