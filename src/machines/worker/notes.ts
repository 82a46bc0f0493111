// The worker's chart in words. Its types hold it complete for events, a test for the rest.

import { defaults } from "../../config/defaults.js";
import { inWords, type MachineNotes } from "../notes.js";
import { linkGraceMs, reapMs } from "./context.js";
import type { WorkerEvent } from "./events.js";

const { connectTimeoutMs, restart, shutdown } = defaults;

export const workerNotes: MachineNotes<WorkerEvent["type"], never> = {
  summary:
    "The life of one worker: from its spawn into service, and by the kill ladder to its end, then again.",
  place: "One for each place of a pool, and one more while a successor stands beside the worker it follows.",
  events: {
    "worker.start": {
      sort: "command",
      from: ["pool"],
      means: "Start a process again, after a wait. The first start needs no word.",
    },
    "worker.stop": { sort: "command", from: ["pool"], means: "End. Said again it hurries." },
    "worker.drain": {
      sort: "command",
      from: ["pool"],
      means: "Take no new calls; those under way may end within a time. Then as `worker.stop`.",
    },
    "worker.hold": { sort: "command", from: ["pool"], means: "Wait for the next start no longer." },
    "worker.condemn": {
      sort: "command",
      from: ["dispatch"],
      means: "A call was not answered in time: it gets no new ones, and has to be replaced.",
    },
    "worker.kill": { sort: "command", from: ["pool", "system"], means: "End at once." },
    "worker.refuse": {
      sort: "command",
      from: ["pool"],
      means: "What it exports cannot be had: it is ended, and counts as never having been ready.",
    },
    "process.spawned": { sort: "fact", from: ["process"], means: "There is a process, with this pid." },
    "process.failed": {
      sort: "fact",
      from: ["process"],
      means: "The program could not be started: there never was a process.",
    },
    "process.exited": { sort: "fact", from: ["process"], means: "The process has ended, and how." },
    "link.opened": { sort: "fact", from: ["link"], means: "The link to the process is there." },
    "link.closed": { sort: "fact", from: ["link"], means: "The link is closed: nothing more comes by it." },
    "link.breached": {
      sort: "fact",
      from: ["link", "dispatch"],
      means: "The worker did on its link what the protocol forbids.",
    },
    "handshake.refused": {
      sort: "fact",
      from: ["link"],
      means: "The two do not understand each other: its version or its first words are wrong.",
    },
    "exports.listed": {
      sort: "fact",
      from: ["link"],
      means: "The handshake is done, and these are its functions.",
    },
    "health.answered": { sort: "fact", from: ["heartbeat"], means: "It answered a health check, so late." },
    "health.missed": {
      sort: "fact",
      from: ["heartbeat"],
      means: "So many health checks in a row went unanswered while it was not busy with a call.",
    },
    "worker.attached": {
      sort: "fact",
      from: ["itself"],
      means: "Dispatch has the process and its first health check is on its way: calls may follow.",
    },
    "calls.drained": {
      sort: "fact",
      from: ["dispatch"],
      means: "No call that it was asked about is under way any more.",
    },
    "worker.examined": {
      sort: "fact",
      from: ["examine"],
      means: "Whether it is stuck in its overdue call, and whether it answers anything at all.",
    },
    "use.exceeded": {
      sort: "fact",
      from: ["heartbeat", "dispatch"],
      means: "It has grown as large, or run as many calls, as its pool allows (`maxRssMb`, `maxCalls`).",
    },
  },
  emits: {},
  guards: {
    isStuck: "it is stuck in its overdue call",
    isToProve: "it is of a new generation",
    isLinkOpen: "its link is still open",
    missedTooMany: "it missed health.maxMisses of them",
  },
  delays: {
    connectTimeout: {
      label: `connectTimeoutMs (${inWords(connectTimeoutMs)})`,
      byDefault: `\`connectTimeoutMs\`, ${inWords(connectTimeoutMs)}`,
      means: "From the spawn until it must be ready.",
    },
    shutdownPatience: {
      label: `shutdown.shutdownMs (${inWords(shutdown.shutdownMs)})`,
      byDefault: `\`shutdown.shutdownMs\`, ${inWords(shutdown.shutdownMs)}`,
      means: "From the Shutdown message to SIGTERM.",
    },
    terminatePatience: {
      label: `shutdown.terminateMs (${inWords(shutdown.terminateMs)})`,
      byDefault: `\`shutdown.terminateMs\`, ${inWords(shutdown.terminateMs)}`,
      means: "From SIGTERM to SIGKILL.",
    },
    startDelay: {
      label: "its wait (restart.backoffMs)",
      byDefault: `the \`delayMs\` of \`worker.start\`, by \`restart.backoffMs\`: ${restart.backoffMs.join(", ")} ms in turn`,
      means: "From its end to the next start; nothing after the first, longer after each that follows.",
    },
    drainPatience: {
      label: `its drain's time (${inWords(shutdown.drainMs)})`,
      byDefault: `the \`drainMs\` of \`worker.drain\` or \`worker.condemn\`, by \`shutdown.drainMs\`: ${inWords(shutdown.drainMs)}`,
      means: "How long its calls may take to end by themselves.",
    },
    linkGrace: {
      label: inWords(linkGraceMs),
      byDefault: `${inWords(linkGraceMs)}, fixed`,
      means: "How long a process that closed its link is given to end by itself.",
    },
    reap: {
      label: inWords(reapMs),
      byDefault: `${inWords(reapMs)}, fixed`,
      means: "How long the link of an ended process is read at most.",
    },
  },
  actors: {
    process: "Spawns the program, in a process group of its own, and reports its end.",
    link: "Speaks the protocol with the process: handshake, exports, Shutdown. Calls go past it.",
    heartbeat: "Asks for a sign of life now and then, and looks how large it has grown.",
    examine: "Finds out whether a condemned worker is stuck in its overdue call.",
    kill: "Sends one signal to the process group, SIGTERM as `terminate` and SIGKILL as `kill`.",
  },
};
