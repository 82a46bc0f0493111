// The real supervisor, pools, router and workers on a test clock, their processes scripted, beside three models: of what a
// program may rely on of the whole, of one pool and its restarts, and of pools that are started in turn.

import { test } from "@jest/globals";
import { poolMachine } from "../../src/machines/pool/machine.js";
import { supervisorMachine } from "../../src/machines/supervisor/machine.js";
import { testEveryTransition } from "../../src/testing/every-transition.js";
import { failOnXstateWarnings } from "../machines/xstate-warnings.js";
import { announceModels } from "./announce.js";
import { poolCases, poolModel } from "./pool-model.js";
import { poolSubject } from "./pool-subject.js";
import { walkTimeoutMs } from "./same.js";
import { strategyCases, strategyModel } from "./strategy-model.js";
import { strategySubject } from "./strategy-subject.js";
import { supervisorCases, supervisorModel } from "./supervisor-model.js";
import { supervisorSubject } from "./supervisor-subject.js";
import { Taken } from "./taken.js";

failOnXstateWarnings();
const announce = announceModels();
const taken = new Taken();

test(
  "the supervisor does what a program may rely on",
  async () => {
    const coverage = await testEveryTransition(supervisorModel, {
      subject: () => supervisorSubject(taken.inspect),
      cases: (state) => supervisorCases(state),
      endIn: ({ status }) => status === "done",
    });
    announce.model("supervisor", coverage);
  },
  walkTimeoutMs,
);

test(
  "a pool does what whoever sets its restarts may rely on",
  async () => {
    const coverage = await testEveryTransition(poolModel, {
      subject: () => poolSubject(taken.inspect),
      cases: (state) => poolCases(state),
      // What was counted wrongly is seen when it gives up, or does not.
      endIn: ({ value }) => value === "open",
    });
    announce.model("pool", coverage);
  },
  walkTimeoutMs,
);

test(
  "pools that are started in turn do what whoever sets the strategy may rely on",
  async () => {
    const coverage = await testEveryTransition(strategyModel, {
      subject: () => strategySubject(taken.inspect),
      cases: (state) => strategyCases(state),
    });
    announce.model("strategy", coverage);
  },
  walkTimeoutMs,
);

test("and every transition of their charts was taken by that", () => {
  announce.chart("supervisor", taken.of(supervisorMachine), [
    {
      transitions: /supervisor\.(starting|startingRefusing|refusing|draining) --breaker\.halfOpened-->/,
      reason:
        "of a breaker's turn, answered in every state as in running, where the model of a pool takes it",
    },
    {
      transitions: /supervisor\.stopping --(worker\.ready|pool\.failed)-->/,
      reason: "of reports that were on their way when it began to stop: pools that stop send neither",
    },
  ]);
  announce.chart("pool", taken.of(poolMachine), [
    {
      transitions: /pool --(generation\.(refuse|hurry|promote)|xstate\.error\.actor\.reload)-->/,
      reason:
        "of names that another pool has, of haste, of what comes too late, and of a fault: test/machines/pool/generations.test.ts",
    },
    {
      transitions: /pool\.(starting|serving) --pool\.kill-->/,
      reason: "of a kill that only pools which stop are told",
    },
    {
      transitions: /--worker\.worn-->|pool\.serving --worker\.condemned-->/,
      reason: "of successions: test/machines/supervisor/pools.test.ts and random-life.test.ts",
    },
  ]);
});
