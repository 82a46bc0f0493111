// The chart of the call breakers' parent in words. Its types hold it complete for events, a test for the rest.

import type { MachineNotes } from "../notes.js";
import type { BreakersEvent } from "./events.js";

export const breakersNotes: MachineNotes<BreakersEvent["type"], never> = {
  summary: "The parent of all call breakers: passes on what it hears, and has gates moved as they report.",
  place: "One for each supervisor, whose child it is.",
  events: {
    "failure.recorded": {
      sort: "fact",
      from: ["dispatch"],
      means: "A function has failed for the first time: from now on it has a breaker.",
    },
    "function.removed": {
      sort: "fact",
      from: ["dispatch"],
      means: "There is no such function any more: its breaker goes with it.",
    },
    "threshold.crossed": {
      sort: "fact",
      from: ["dispatch"],
      means: "A function failed too often, or too many deaths of workers are charged to it.",
    },
    "probe.started": { sort: "fact", from: ["dispatch"], means: "A call was let through as a probe." },
    "probe.succeeded": { sort: "fact", from: ["dispatch"], means: "That call ended well." },
    "probe.failed": { sort: "fact", from: ["dispatch"], means: "That call failed." },
    "probe.abandoned": {
      sort: "fact",
      from: ["dispatch"],
      means: "That call says nothing: it was cancelled, or refused before it began.",
    },
    "breaker.trip": {
      sort: "command",
      from: ["nobody"],
      means: "Open a function's breaker until it is reset.",
    },
    "breaker.reset": { sort: "command", from: ["nobody"], means: "Close a function's breaker." },
    "breaker.opened": { sort: "fact", from: ["breaker"], means: "Calls of the function are refused." },
    "breaker.halfOpened": { sort: "fact", from: ["breaker"], means: "One call may be tried." },
    "breaker.closed": { sort: "fact", from: ["breaker"], means: "Calls of the function are let through." },
  },
  emits: {},
  guards: {},
  delays: {},
  actors: { breaker: "[A breaker](breaker.md) before the calls of one function." },
};
