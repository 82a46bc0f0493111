// One real reload manager on a test clock. Its watcher, its builds and its pool are scripted: the test says their facts,
// and reads what they were asked to do.

import { createActor, fromCallback, type AnyEventObject, type InspectionEvent } from "xstate";
import type {
  BuildFact,
  FilesFact,
  ReloadEvent,
  ReloadOutcome,
  ReloadReport,
} from "../../../src/machines/reload/events.js";
import { reloadMachine, type BuildInput, type ReloadPolicy } from "../../../src/machines/reload/machine.js";
import { createVirtualClock, type VirtualClock } from "../../../src/testing/virtual-clock.js";
import { exportsOf } from "../worker/rig.js";

export interface ReloadRigOptions {
  readonly policy?: Partial<ReloadPolicy>;
  /** An actor that throws when it is started. */
  readonly failing?: "build" | "watcher";
  readonly inspect?: (event: InspectionEvent) => void;
}

export interface ReloadRig {
  readonly clock: VirtualClock;
  /** "watch app", "build 2 beside 1", "end build 2", "unwatched"; of the pool "start 2", "promote additive", "abandon", "hurry". */
  readonly asked: string[];
  readonly outcomes: ReloadOutcome[];
  readonly errors: unknown[];
  readonly state: string;
  readonly status: string;
  send(...events: ReloadEvent[]): void;
  /** From the newest build. */
  built(fact: BuildFact): void;
  /** From the watcher. */
  changed(): void;
}

/** Of whoever exports nothing but `names`, beside one that exports `f`. */
export const offered = (...names: string[]) =>
  ({ type: "generation.ready", before: exportsOf("f"), exports: exportsOf(...names) }) as const;

function wordFor(report: Exclude<ReloadReport, { type: "reload.finished" }>): string {
  const word = report.type.replace("generation.", "");
  if (report.type === "generation.start") return `${word} ${String(report.generation)}`;
  return report.type === "generation.promote" ? `${word} ${report.verdict}` : word;
}

export function createReloadRig({ policy = {}, failing, inspect }: ReloadRigOptions = {}): ReloadRig {
  const clock = createVirtualClock();
  const asked: string[] = [];
  const outcomes: ReloadOutcome[] = [];
  const errors: unknown[] = [];
  let build: (fact: BuildFact) => void = () => undefined;
  let watcher: (fact: FilesFact) => void = () => undefined;
  const parent = createActor(
    fromCallback<ReloadReport>(({ receive }) => {
      receive((report) => {
        if (report.type === "reload.finished") outcomes.push(report.outcome);
        else asked.push(wordFor(report));
      });
    }),
  ).start();
  const logic = reloadMachine.provide({
    actors: {
      watcher: fromCallback<AnyEventObject, { readonly pool: string }>(({ input, sendBack }) => {
        if (failing === "watcher") throw new Error("the watcher is broken");
        asked.push(`watch ${input.pool}`);
        watcher = sendBack;
      }),
      build: fromCallback<AnyEventObject, BuildInput>(({ input, sendBack }) => {
        if (failing === "build") throw new Error("the build is broken");
        const number = String(input.generation);
        asked.push(`build ${number} beside ${String(input.serving)}`);
        build = sendBack;
        return () => asked.push(`end build ${number}`);
      }),
    },
    actions: { tellUnwatched: () => asked.push("unwatched") },
  });
  const actor = createActor(logic, {
    clock,
    ...(inspect && { inspect }),
    input: { pool: "app", policy: { allowsBreaking: false, isHurried: false, ...policy }, clock, parent },
  });
  actor.subscribe({ error: (error) => errors.push(error) });
  actor.start();
  return {
    clock,
    asked,
    outcomes,
    errors,
    get state() {
      return actor.getSnapshot().value;
    },
    get status() {
      return actor.getSnapshot().status;
    },
    send(...events) {
      for (const event of events) actor.send(event);
    },
    built(fact) {
      build(fact);
    },
    changed() {
      watcher({ type: "files.changed" });
    },
  };
}

export const events = {
  request: { type: "reload.request" },
  changed: { type: "files.changed" },
  built: { type: "build.succeeded", isSame: false },
  same: { type: "build.succeeded", isSame: true },
  unbuilt: { type: "build.failed", message: "It does not compile." },
  ready: offered("f"),
  broken: offered("g"),
  failed: { type: "generation.failed", message: "It cannot be had." },
  promoted: { type: "generation.promoted" },
  ended: { type: "generation.ended" },
  drained: { type: "generation.drained" },
} satisfies Record<string, ReloadEvent>;

export const stateNames = [
  "watching",
  "building",
  "starting",
  "queueing",
  "promoting",
  "retiring",
  "rollingBack",
] as const;
export type ReloadStateName = (typeof stateNames)[number];

/** The shortest way to each state. */
export const ways: Readonly<Record<ReloadStateName, (options?: ReloadRigOptions) => ReloadRig>> = {
  watching: (options) => createReloadRig(options),
  building: (options) => after("watching", options, events.request),
  starting: (options) => after("building", options, events.built),
  promoting: (options) => after("starting", options, events.ready),
  retiring: (options) => after("promoting", options, events.promoted),
  queueing: (options) => after("retiring", options, events.request, events.built, events.ready),
  rollingBack: (options) => after("starting", options, events.failed),
};

function after(
  state: ReloadStateName,
  options: ReloadRigOptions | undefined,
  ...said: ReloadEvent[]
): ReloadRig {
  const rig = ways[state](options);
  rig.send(...said);
  return rig;
}
