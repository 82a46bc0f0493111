// The actor of one build, under a parent that hears what it says.

import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "@jest/globals";
import { createActor, fromCallback, setup } from "xstate";
import { createBuildActor, type BuildPorts } from "../../src/actors/build.js";
import type { BuildFact } from "../../src/machines/reload/events.js";
import type { BuildInput } from "../../src/machines/reload/machine.js";

const input: BuildInput = { pool: "app", generation: 2, serving: 1 };

function start(build: BuildPorts["build"]) {
  const facts: BuildFact[] = [];
  const hear = fromCallback<BuildFact>(({ receive }) => {
    receive((fact) => facts.push(fact));
  });
  const machine = setup({
    types: { events: {} as BuildFact },
    actors: { build: createBuildActor({ build }), hear },
  }).createMachine({
    invoke: [
      { src: "build", input: () => input },
      { id: "hear", src: "hear" },
    ],
    on: { "*": { actions: ({ event, self }) => self.getSnapshot().children["hear"]?.send(event) } },
  });
  const actor = createActor(machine).start();
  return { facts, actor };
}

test.each([[true], [false]])(
  "says once that it lies still, and whether it is the same: %s",
  async (isSame) => {
    const asked: BuildInput[] = [];
    const { facts } = start((what) => {
      asked.push(what);
      return Promise.resolve({ isSame });
    });
    await turn();
    expect([facts, asked]).toEqual([[{ type: "build.succeeded", isSame }], [input]]);
  },
);

test.each<[unknown, string]>([
  [new Error("It does not compile."), "It does not compile."],
  ["It is odd.", "It is odd."],
])("says why it failed: %s", async (thrown, message) => {
  const { facts } = start(() => Promise.reject(thrown));
  await turn();
  expect(facts).toEqual([{ type: "build.failed", message }]);
});

test("that is stopped ends what it has begun, and says nothing of how that went", async () => {
  for (const how of ["resolve", "reject"] as const) {
    let settle = (): void => undefined;
    let isAborted = false;
    const { facts, actor } = start((_, signal) => {
      signal.addEventListener("abort", () => {
        isAborted = true;
      });
      return new Promise((resolve, reject) => {
        settle = () => {
          if (how === "resolve") resolve({ isSame: false });
          else reject(new Error("It was aborted."));
        };
      });
    });
    actor.stop();
    settle();
    await turn();
    expect([isAborted, facts]).toEqual([true, []]);
  }
});
