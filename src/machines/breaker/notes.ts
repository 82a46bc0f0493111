// The breaker's chart in words. Its types hold it complete for events, a test for the rest.

import { defaults } from "../../config/defaults.js";
import { inWords, type MachineNotes } from "../notes.js";
import type { BreakerEvent } from "./events.js";

const { openMs, quarantineMs } = defaults.breaker;
const { cooldownMs, maxCooldownMs } = defaults.restart;
const openTimes =
  `before calls \`breaker.openMs\`, ${inWords(openMs)}, and in quarantine \`breaker.quarantineMs\`, ${inWords(quarantineMs)}; ` +
  `before starts \`restart.cooldownMs\`, ${inWords(cooldownMs)}, twice as long after each probe that fails, to ${inWords(maxCooldownMs)} (\`restart.maxCooldownMs\`)`;

export const breakerNotes: MachineNotes<BreakerEvent["type"], never> = {
  summary: "A circuit breaker: lets all through, or nothing for a while, or one probe whose outcome decides.",
  place:
    "One before the starts of each pool, invoked by it; one before the calls of each function that has failed.",
  events: {
    "breaker.trip": {
      sort: "command",
      from: ["pool", "breakers"],
      means: "Let nothing through until it is reset.",
    },
    "breaker.reset": { sort: "command", from: ["pool", "breakers"], means: "Let all through again." },
    "threshold.crossed": {
      sort: "fact",
      from: ["pool", "breakers"],
      means: "There were too many failures, as counted elsewhere.",
    },
    "probe.started": { sort: "fact", from: ["pool", "breakers"], means: "The probe is under way." },
    "probe.succeeded": { sort: "fact", from: ["pool", "breakers"], means: "The probe ended well." },
    "probe.failed": { sort: "fact", from: ["pool", "breakers"], means: "The probe failed." },
    "probe.abandoned": {
      sort: "fact",
      from: ["breakers"],
      means: "The probe ended and says nothing of what it was to try: another follows.",
    },
  },
  emits: {},
  guards: { isGraver: "it is a quarantine and the last was none" },
  delays: {
    cooldown: {
      label: "its open time",
      byDefault: openTimes,
      means: "How long nothing is let through before a probe is.",
    },
  },
  actors: {},
};
