// The router's chart in words. Its types hold it complete for events, a test for the rest.

import type { MachineNotes } from "../notes.js";
import type { RouterEvent } from "./events.js";

export const routerNotes: MachineNotes<RouterEvent["type"], never> = {
  summary: "Which workers may get calls: at each change it publishes a route table, which dispatch reads.",
  place: "One for each supervisor, whose child it is.",
  events: {
    "router.drain": { sort: "command", from: ["supervisor"], means: "Have new calls refused." },
    "router.close": { sort: "command", from: ["supervisor"], means: "Have no call taken or placed." },
    "worker.ready": { sort: "fact", from: ["supervisor"], means: "This process may get calls." },
    "worker.withdrawn": { sort: "fact", from: ["supervisor"], means: "This process gets no new calls." },
    "outlook.changed": {
      sort: "fact",
      from: ["supervisor"],
      means: "What calls have to expect while no worker of the pool is ready has changed.",
    },
    "pool.removed": { sort: "fact", from: ["supervisor"], means: "There is no such pool any more." },
  },
  emits: {},
  guards: { leavesNoneReady: "it was the last one ready" },
  delays: {},
  actors: {},
};
