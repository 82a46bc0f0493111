// The real breaker on a test clock, beside the model of what those who ask it may rely on.

import { expect, test } from "@jest/globals";
import { breakerMachine } from "../../src/machines/breaker/machine.js";
import {
  testEveryTransition,
  type ModelStep,
  type ModelSubject,
} from "../../src/testing/every-transition.js";
import { createBreakerRig, type Word } from "../machines/breaker/rig.js";
import { failOnXstateWarnings } from "../machines/xstate-warnings.js";
import { announceModels } from "./announce.js";
import { breakerModel, openMsOf, policy } from "./breaker-model.js";
import { same, told, walkTimeoutMs } from "./same.js";
import { Taken } from "./taken.js";

failOnXstateWarnings();
const announce = announceModels();
const taken = new Taken();
const dayMs = 86_400_000;

function subject(): ModelSubject<typeof breakerModel> {
  const rig = createBreakerRig(policy, taken.inspect);
  let reported = 0;
  let openMs = 0;
  const say = (word: Word) => () => rig.say(word);
  const compare = ({ state, before, actions }: ModelStep<typeof breakerModel>): void => {
    const reports = rig.reports.slice(reported).map(({ type }) => type);
    reported = rig.reports.length;
    const isNew = before?.value !== state.value || actions.length > 0;
    if (state.value === "open" && isNew) openMs = openMsOf(state.context);
    const isOpen = state.value === "open" || state.value === "forcedOpen";
    const name = state.value === "waiting" || state.value === "probing" ? "halfOpen" : state.value;
    const { picture } = rig;
    same(
      {
        state: rig.state,
        reports,
        picture: picture.state,
        // Why it is shut is told as long as it is.
        reason: isOpen ? picture.reason : null,
        // When a probe is let through is known where time decides it, and only there.
        openMs: picture.probeAtMs === null ? null : isNew ? picture.probeAtMs - rig.clock.now() : openMs,
      },
      {
        state: state.value,
        reports: told("reports", actions),
        picture: name,
        reason: isOpen ? state.context.reason : null,
        openMs: state.value === "open" ? openMs : null,
      },
    );
  };
  return {
    events: {
      crossed: say("crossed"),
      quarantined: say("quarantined"),
      trip: say("trip"),
      reset: say("reset"),
      started: say("started"),
      succeeded: say("succeeded"),
      failed: say("failed"),
      abandoned: say("abandoned"),
      "time.passed": (_, { value }) => {
        if (value !== "open") return rig.say(dayMs);
        rig.say(openMs - 1);
        expect(rig.state).toBe("open");
        rig.say(1);
      },
    },
    states: { closed: compare, open: compare, waiting: compare, probing: compare, forcedOpen: compare },
  };
}

test(
  "the breaker does what those who ask it may rely on",
  async () => {
    const coverage = await testEveryTransition(breakerModel, {
      subject,
      // What it remembers wrongly is seen at its next opening.
      endIn: ({ value }) => value === "open",
    });
    announce.model("breaker", coverage);
  },
  walkTimeoutMs,
);

test("and every transition of its chart was taken by that", () => {
  announce.chart("breaker", taken.of(breakerMachine));
});
