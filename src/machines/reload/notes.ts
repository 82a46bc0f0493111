// The reload manager's chart in words. Its types hold it complete for events, a test for the rest.

import type { MachineNotes } from "../notes.js";
import type { ReloadEvent } from "./events.js";

export const reloadNotes: MachineNotes<ReloadEvent["type"], never> = {
  summary:
    "From a change to new code in service: it has it built, started beside the old, compared, promoted and the old drained, or leaves all as it was.",
  place: "One for each pool, whose child it is.",
  events: {
    "reload.request": {
      sort: "command",
      from: ["pool"],
      means: "Build what there is now and run it, where it differs from what runs.",
    },
    "files.changed": {
      sort: "fact",
      from: ["watcher"],
      means: "What the pool is made from may have changed.",
    },
    "build.succeeded": {
      sort: "fact",
      from: ["build"],
      means: "What workers would run lies still, and is what runs already, or not.",
    },
    "build.failed": { sort: "fact", from: ["build"], means: "It cannot be built, for this reason." },
    "generation.ready": {
      sort: "fact",
      from: ["pool"],
      means: "Every worker of the new generation has answered a health check; this is what they export.",
    },
    "generation.failed": {
      sort: "fact",
      from: ["pool"],
      means: "A worker of the new generation ended, or cannot be had.",
    },
    "generation.promoted": { sort: "fact", from: ["pool"], means: "The new generation gets the calls." },
    "generation.ended": {
      sort: "fact",
      from: ["pool"],
      means: "No process is left of the generation that was abandoned.",
    },
    "generation.drained": {
      sort: "fact",
      from: ["pool"],
      means: "No worker is left of the generation before the one that serves.",
    },
  },
  emits: {},
  guards: {
    isUnchanged: "it is what runs already",
    isToBeRefused: "it would break callers, and that is not allowed",
    hasCrowd: "the last but one still has calls",
    hasDrained: "no older generation is left",
    isOutdated: "something changed meanwhile",
  },
  delays: {},
  actors: {
    watcher: "Says that files the pool is made from have changed, where somebody wants that watched.",
    build: "Makes what the workers of the next generation run, and waits until it lies still.",
  },
};
