// The real worker chart on a test clock, its effects scripted, beside the model of what a pool may rely on.

import { expect, test } from "@jest/globals";
import { workerMachine } from "../../src/machines/worker/machine.js";
import {
  testEveryTransition,
  type ModelStep,
  type ModelSubject,
} from "../../src/testing/every-transition.js";
import { createWorkerRig, events as words, type WorkerRig } from "../machines/worker/rig.js";
import { failOnXstateWarnings } from "../machines/xstate-warnings.js";
import { announceModels } from "./announce.js";
import { same, told, walkTimeoutMs } from "./same.js";
import { Taken } from "./taken.js";
import {
  condemnDrainMs,
  drainMs,
  leafOf,
  newWorkerModel,
  patienceMs,
  startDelayMs,
  workerCases,
  workerModel,
  type WorkerModelEvent,
} from "./worker-model.js";

failOnXstateWarnings();
const announce = announceModels();
const taken = new Taken();

const hourMs = 3_600_000;
/** What the model does not speak of: the ends of actors, and those that come and go with others. */
const unspoken = /^(end |link |heartbeat )/;

function stateOf(rig: WorkerRig): string {
  const { state } = rig;
  if (state === "spawning" || state === "connecting" || state === "handshaking") return "coming";
  return state === "backingOff" ? "waiting" : state;
}

class Subject implements ModelSubject<typeof workerModel> {
  readonly #rig: WorkerRig;
  #asked = 0;
  #reported = 0;

  constructor(isToProve: boolean) {
    this.#rig = createWorkerRig(undefined, taken.inspect, isToProve);
  }

  readonly events: ModelSubject<typeof workerModel>["events"] = {
    "worker.start": this.#says({ type: "worker.start", delayMs: startDelayMs }),
    "worker.stop": this.#says(words.stop),
    "worker.drain": this.#says({ type: "worker.drain", drainMs }),
    "worker.hold": this.#says(words.hold),
    "worker.condemn": this.#says({ ...words.condemn, drainMs: condemnDrainMs }),
    "worker.kill": this.#says(words.kill),
    "worker.refuse": this.#says(words.unwanted),
    "process.spawned": this.#says(words.spawned),
    "process.failed": this.#says(words.failed),
    "process.exited": this.#says(words.ended),
    "link.opened": this.#says(words.opened),
    "link.closed": this.#says(words.closed),
    "link.breached": this.#says(words.breached),
    "handshake.refused": this.#says(words.refused),
    "exports.listed": this.#says(words.listed),
    "health.answered": this.#says(words.healthy),
    "health.missedOnce": this.#says({ type: "health.missed", misses: 1 }),
    "health.missedThrice": this.#says(words.missed),
    "calls.drained": this.#says(words.drained),
    "use.exceeded": this.#says(words.worn),
    "examined.stuck": this.#says(words.stuck),
    "examined.well": this.#says(words.well),
    "examined.numb": this.#says({ ...words.well, isResponsive: false }),
    "time.passed": (_, state) => {
      const hurriedMs = state.context.isHurried ? drainMs : null;
      const ms = hurriedMs ?? patienceMs[leafOf(state)];
      if (ms === null) return this.#rig.clock.advance(hourMs);
      const before = stateOf(this.#rig);
      this.#rig.clock.advance(ms - 1);
      expect(stateOf(this.#rig)).toBe(before);
      this.#rig.clock.advance(1);
    },
  };

  readonly states = { process: this.#compare(), exited: this.#compare(), waiting: this.#compare() };

  #says(word: Parameters<WorkerRig["send"]>[0]): () => void {
    return () => this.#rig.send(word);
  }

  #compare() {
    return ({ state, actions }: ModelStep<typeof workerModel>): void => {
      const rig = this.#rig;
      const { isSpawned, link, isAsked, hasServed, isHurried } = state.context;
      const asked = rig.asked.slice(this.#asked).filter((what) => !unspoken.test(what));
      const reported = rig.reports.slice(this.#reported);
      [this.#asked, this.#reported] = [rig.asked.length, rig.reports.length];
      const { instance, pid, isLinkOpen } = rig.context;
      const hasProcess = typeof state.value !== "string";
      const ended = reported.find((report) => report.type === "worker.exited");
      same(
        {
          state: stateOf(rig),
          asked: asked.map((what) => what.replace(/ \d+$/, "")),
          reported: reported.map(({ type }) => type),
          // Whatever is asked and reported is of the process that there is, or of the one that has just ended.
          foreign: [
            ...reported.filter((report) => report.instance !== instance),
            ...asked.filter((what) => what !== "shutdown" && !what.endsWith(` ${String(instance)}`)),
          ],
          exit: ended && { wasAsked: ended.exit.wasAsked, wasReady: ended.exit.wasReady },
          process: hasProcess
            ? { pid, isLinkOpen, isHurried: JSON.stringify(rig.value).includes("hurried") }
            : null,
          failed: [rig.status, ...rig.errors],
        },
        {
          state: leafOf(state),
          asked: told("asks", actions),
          reported: told("reports", actions),
          foreign: [],
          exit: ended && { wasAsked: isAsked, wasReady: hasServed },
          process: hasProcess
            ? { pid: isSpawned ? words.spawned.pid : null, isLinkOpen: link === "open", isHurried }
            : null,
          failed: ["active"],
        },
      );
    };
  }
}

test.each([
  ["worker", workerModel],
  ["new worker", newWorkerModel],
])(
  "the %s does what its pool may rely on, in every state and whatever happens",
  async (name, model) => {
    const coverage = await testEveryTransition(model, {
      subject: () => new Subject(model === newWorkerModel),
      cases: (state): WorkerModelEvent[] => workerCases(state),
      endIn: ({ value }) => value === "exited",
    });
    expect(coverage.covered.length).toBe(coverage.reachable.length);
    // Only a new one has to prove itself.
    const proving = ["link.closed", "health.answered", "time.passed"].map(
      (type) => `process.proving ${type}`,
    );
    announce.model(name, coverage, model === workerModel ? proving : []);
  },
  walkTimeoutMs,
);

test("and every transition of its chart was taken by that", () => {
  announce.chart("worker", taken.of(workerMachine), [
    {
      transitions: /xstate\.error\.actor/,
      reason: "of effects that throw inside the supervisor: test/machines/worker/life.test.ts breaks each",
    },
  ]);
});
