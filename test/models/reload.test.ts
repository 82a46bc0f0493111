// The real reload manager, its watcher, builds and pool scripted, beside the model of what a pool may rely on.

import { test } from "@jest/globals";
import { reloadMachine } from "../../src/machines/reload/machine.js";
import {
  testEveryTransition,
  type ModelStep,
  type ModelSubject,
} from "../../src/testing/every-transition.js";
import { createReloadRig, events as words } from "../machines/reload/rig.js";
import { failOnXstateWarnings } from "../machines/xstate-warnings.js";
import { announceModels } from "./announce.js";
import { reloadCases, reloadModelOf, type ReloadModel, type ReloadRules } from "./reload-model.js";
import { same, told, walkTimeoutMs } from "./same.js";
import { Taken } from "./taken.js";

failOnXstateWarnings();
const announce = announceModels();
const taken = new Taken();

const states: Readonly<Record<string, string>> = {
  making: "building",
  starting: "starting",
  waiting: "queueing",
  comingIn: "promoting",
  goingBack: "rollingBack",
};

function subject(policy: ReloadRules): ModelSubject<ReloadModel> {
  const rig = createReloadRig({ policy, inspect: taken.inspect });
  let [asked, outcomes] = [rig.asked.length, 0];
  let [serving, started, lastUsed] = [1, 0, 1];
  const says = (word: keyof typeof words) => () => {
    rig.send(words[word]);
  };
  const compare = ({ state, actions }: ModelStep<ReloadModel>): void => {
    const asks = rig.asked.slice(asked).filter((what) => !what.startsWith("end "));
    const reports = rig.outcomes.slice(outcomes);
    [asked, outcomes] = [rig.asked.length, rig.outcomes.length];
    const isIn = told("reports", actions).includes("promoted");
    const before = serving;
    if (isIn) serving = started;
    const numbers = asks
      .filter((what) => what.startsWith("start "))
      .map((what) => Number(what.split(" ")[1]));
    const isNew = numbers.every((number) => number > lastUsed);
    for (const number of numbers) started = lastUsed = number;
    same(
      {
        state: rig.state,
        asks: asks.map((what) => what.split(" ")[0]).sort(),
        reports: reports.map(({ error, verdict, to, from }) => {
          if (error !== null) return verdict === "breaking" ? "refused" : "failed";
          return to === from ? verdict : "promoted";
        }),
        // Every number is of one attempt, and each report is of what serves.
        isNew,
        generations: reports.map(({ from, to }) => [from, to]),
        failed: [rig.status, ...rig.errors],
      },
      {
        state: states[state.value as string] ?? (state.context.crowd ? "retiring" : "watching"),
        asks: told("asks", actions).sort(),
        reports: told("reports", actions),
        isNew: true,
        generations: told("reports", actions).map(() => [before, serving]),
        failed: ["active"],
      },
    );
  };
  return {
    events: {
      requested: says("request"),
      changed: () => rig.changed(),
      built: () => rig.built(words.built),
      same: () => rig.built(words.same),
      unbuilt: () => rig.built(words.unbuilt),
      ready: says("ready"),
      breaks: says("broken"),
      failed: says("failed"),
      promoted: says("promoted"),
      ended: says("ended"),
      drained: says("drained"),
    },
    states: {
      serving: compare,
      making: compare,
      starting: compare,
      waiting: compare,
      comingIn: compare,
      goingBack: compare,
    },
  };
}

test.each<[string, ReloadRules]>([
  ["reload", { allowsBreaking: false, isHurried: false }],
  ["reload in development", { allowsBreaking: true, isHurried: true }],
])(
  "a %s does what its pool and whoever asks for it may rely on",
  async (name, rules) => {
    const coverage = await testEveryTransition(reloadModelOf(rules), {
      subject: () => subject(rules),
      cases: (state) => reloadCases(state),
      // What it remembers wrongly is seen when the next comes in.
      endIn: ({ value, context }) => value === "serving" && context.crowd,
    });
    announce.model(name, coverage);
  },
  walkTimeoutMs,
);

test("and every transition of its chart was taken by that", () => {
  announce.chart("reload", taken.of(reloadMachine), [
    {
      transitions: /xstate\.error\.actor/,
      reason: "of effects that throw inside the supervisor: test/machines/reload/chart.test.ts breaks each",
    },
  ]);
});
