// The supervisor's chart in words. Its types hold it complete for events, a test for the rest.

import { defaults } from "../../config/defaults.js";
import { inWords, type MachineNotes } from "../notes.js";
import type { SupervisorEmitted, SupervisorEvent } from "./events.js";

const { drainMs } = defaults.shutdown;

export const supervisorNotes: MachineNotes<SupervisorEvent["type"], SupervisorEmitted["type"]> = {
  summary: "The root: which pools there are, and in which order all is started and brought down.",
  place: "One for each supervisor, started by `system/start-root.ts`.",
  events: {
    "supervisor.stop": {
      sort: "command",
      from: ["system"],
      means: "Drain for at most so long, then stop. Said again it hurries.",
    },
    "supervisor.drain": {
      sort: "command",
      from: ["system"],
      means: "Take no new calls from now on; the workers stay until `supervisor.stop`.",
    },
    "pool.add": { sort: "command", from: ["system"], means: "One more pool." },
    "pool.remove": {
      sort: "command",
      from: ["system"],
      means: "End a pool; its calls may end within a time.",
    },
    "pool.reload": {
      sort: "command",
      from: ["system"],
      means: "Have a pool run what there is now.",
    },
    "generation.offered": {
      sort: "fact",
      from: ["pool"],
      means: "A new generation of a pool is whole, and exports this.",
    },
    "generation.promoted": { sort: "fact", from: ["pool"], means: "A new generation gets the calls." },
    "generation.drained": {
      sort: "fact",
      from: ["pool"],
      means: "No worker is left of the generations before.",
    },
    "reload.finished": {
      sort: "fact",
      from: ["pool"],
      means: "A reload has come to its end, with this verdict or error.",
    },
    "breaker.trip": {
      sort: "command",
      from: ["nobody"],
      means: "Open a pool's breaker until it is reset: none of its workers is started.",
    },
    "breaker.reset": { sort: "command", from: ["nobody"], means: "Close a pool's breaker." },
    "worker.ready": {
      sort: "fact",
      from: ["pool"],
      means: "A worker may get calls, and these are its functions.",
    },
    "worker.withdrawn": { sort: "fact", from: ["pool"], means: "A worker gets no new calls." },
    "worker.exited": {
      sort: "fact",
      from: ["pool"],
      means: "A worker has no process any more; whether its place will be filled again.",
    },
    "worker.condemned": { sort: "fact", from: ["pool"], means: "A worker is to be killed before long." },
    "outlook.changed": {
      sort: "fact",
      from: ["pool"],
      means: "What calls have to expect while no worker of the pool is ready has changed.",
    },
    "pool.failed": {
      sort: "fact",
      from: ["pool"],
      means: "A worker ended before the pool had ever had a ready one.",
    },
    "pool.stopped": {
      sort: "fact",
      from: ["pool"],
      means: "No worker of the pool has a process, and none will be started.",
    },
    "breaker.opened": { sort: "fact", from: ["pool"], means: "The pool starts no workers for now." },
    "breaker.halfOpened": { sort: "fact", from: ["pool"], means: "The pool starts one, as a probe." },
    "breaker.closed": { sort: "fact", from: ["pool"], means: "The pool starts workers again." },
    "calls.drained": { sort: "fact", from: ["dispatch"], means: "No call holds a slot any more." },
  },
  emits: {
    "worker.ready": { sort: "fact", for: "the log, `events$` and who waits for a pool that was added" },
    "worker.exited": { sort: "fact", for: "the log and `events$`" },
    "worker.condemned": { sort: "fact", for: "the log" },
    "breaker.opened": { sort: "fact", for: "the log and `events$`" },
    "breaker.halfOpened": { sort: "fact", for: "the log and `events$`" },
    "breaker.closed": { sort: "fact", for: "the log and `events$`" },
    "exports.changed": { sort: "fact", for: "`events$`" },
    "pool.failed": { sort: "fact", for: "who waits for a pool that was added" },
    "pool.removed": { sort: "fact", for: "who waits for a pool that was removed" },
    "generation.promoted": { sort: "fact", for: "dispatch, the call breakers, the log and `events$`" },
    "generation.drained": { sort: "fact", for: "who waits for a reload to be over" },
    "reload.finished": { sort: "fact", for: "the log, `events$` and who asked for it" },
    "supervisor.draining": { sort: "fact", for: "`events$`" },
  },
  guards: {
    exportsClash: "another pool exports one of its names",
    isComplete: "every pool has had a ready worker",
    allStopped: "every pool has stopped",
    allStoppedAfterFailure: "every pool has stopped and the start had failed",
  },
  delays: {
    drain: {
      label: `the drain's time (${inWords(drainMs)})`,
      byDefault: `the \`drainMs\` of \`supervisor.stop\`, by \`shutdown.drainMs\`: ${inWords(drainMs)}`,
      means: "How long calls under way may take to end by themselves.",
    },
  },
  actors: {
    pool: "[A pool](pool.md), spawned for each that is configured or added.",
    router: "[The router](router.md).",
    breakers: "[The parent of all call breakers](breakers.md).",
  },
};
