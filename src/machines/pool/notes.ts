// The pool's chart in words. Its types hold it complete for events, a test for the rest.

import type { MachineNotes } from "../notes.js";
import type { PoolEvent } from "./events.js";

export const poolNotes: MachineNotes<PoolEvent["type"], never> = {
  summary: "One pool: a worker for every place in it, each replaced when it ends, until they end too often.",
  place: "One for each pool of the configuration or of `pool.add`, spawned by the supervisor.",
  events: {
    "pool.start": { sort: "command", from: ["supervisor"], means: "Start every worker." },
    "pool.stop": {
      sort: "command",
      from: ["supervisor"],
      means: "End every worker; with time to drain, each may first finish the calls it has.",
    },
    "pool.kill": { sort: "command", from: ["supervisor"], means: "End every worker at once." },
    "pool.accept": {
      sort: "command",
      from: ["supervisor"],
      means: "What this worker exports can be had: its start has succeeded.",
    },
    "pool.refuse": {
      sort: "command",
      from: ["supervisor"],
      means: "What this worker exports cannot be had: it is ended, and its start counts as failed.",
    },
    "pool.reload": {
      sort: "command",
      from: ["supervisor"],
      means: "Run what there is now, where it differs from what runs.",
    },
    "generation.start": {
      sort: "command",
      from: ["reload"],
      means: "Start a worker of this generation for each place, beside those that serve.",
    },
    "generation.clear": {
      sort: "command",
      from: ["supervisor"],
      means: "What the new generation exports can be had.",
    },
    "generation.refuse": {
      sort: "command",
      from: ["supervisor"],
      means: "What the new generation exports cannot be had.",
    },
    "generation.promote": {
      sort: "command",
      from: ["reload"],
      means: "Give the new generation the calls, and let those of the one before end.",
    },
    "generation.abandon": {
      sort: "command",
      from: ["reload"],
      means: "End the workers of the new generation.",
    },
    "generation.hurry": {
      sort: "command",
      from: ["reload"],
      means: "End what is left of older generations now.",
    },
    "reload.finished": {
      sort: "fact",
      from: ["reload"],
      means: "A reload has come to its end, with this verdict or error.",
    },
    "breaker.trip": {
      sort: "command",
      from: ["supervisor"],
      means: "Open its breaker until it is reset.",
    },
    "breaker.reset": { sort: "command", from: ["supervisor"], means: "Close its breaker." },
    "worker.ready": { sort: "fact", from: ["worker"], means: "It may get calls; these are its functions." },
    "worker.withdrawn": { sort: "fact", from: ["worker"], means: "It gets no new calls." },
    "worker.condemned": {
      sort: "fact",
      from: ["worker"],
      means: "It is to be killed before long: its place should be filled by another.",
    },
    "worker.worn": {
      sort: "fact",
      from: ["worker"],
      means: "It should be replaced when that is convenient.",
    },
    "worker.exited": { sort: "fact", from: ["worker"], means: "It has no process any more, and why." },
    "breaker.opened": {
      sort: "fact",
      from: ["breaker"],
      means: "Workers ended too often, or somebody tripped it: none is started.",
    },
    "breaker.halfOpened": {
      sort: "fact",
      from: ["breaker"],
      means: "Its open time is over: one worker may be tried.",
    },
    "breaker.closed": { sort: "fact", from: ["breaker"], means: "Workers are started again." },
  },
  emits: {},
  guards: {
    areAllDown: "none of its workers has a process",
    hasServed: "it has served before",
    isHeld: "it was tripped by hand",
  },
  delays: {},
  actors: {
    worker: "[A worker](worker.md), spawned for each place.",
    breaker: "[A breaker](breaker.md) before the starts of its workers.",
    reload: "[A reload manager](reload.md), which brings new code into service.",
  },
};
