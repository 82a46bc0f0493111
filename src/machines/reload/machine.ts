// The reload manager of one pool: from a change or a request over build, start and verdict to the promotion of a new
// generation, or back. It decides when; what is built, and how workers are started and drained, others know.

import {
  assign,
  enqueueActions,
  sendTo,
  setup,
  type ActorRef,
  type AnyEventObject,
  type Snapshot,
} from "xstate";
import { compareExports } from "../../contract/compare-exports.js";
import type { Clock } from "../../time.js";
import { provided } from "../provided.js";
import type { ReloadEvent, ReloadOutcome, ReloadReport, ReloadVerdict } from "./events.js";

export interface ReloadPolicy {
  /** A generation that lacks what callers may use is promoted all the same. */
  readonly allowsBreaking: boolean;
  /** A new generation does not wait for calls that the last but one still has. */
  readonly isHurried: boolean;
}

export interface ReloadInput {
  readonly pool: string;
  readonly policy: ReloadPolicy;
  readonly clock: Clock;
  readonly parent: ActorRef<Snapshot<unknown>, ReloadReport>;
}

export interface ReloadContext extends ReloadInput {
  /** That serves. */
  readonly generation: number;
  /** That served when the reload began. */
  readonly from: number;
  /** That is being made, or would be next. */
  readonly next: number;
  readonly verdict: ReloadVerdict | null;
  readonly breaks: readonly string[];
  /** Why the last reload came to nothing; null after one that did. */
  readonly error: string | null;
  readonly startedAtMs: number;
  /** Workers of the generation before are still there. */
  readonly isDraining: boolean;
  /** Something changed meanwhile, so that it has to begin anew. */
  readonly isOutdated: boolean;
}

/** What an actor of one build is told: which generation it makes, and which one serves. */
export interface BuildInput {
  readonly pool: string;
  readonly generation: number;
  readonly serving: number;
}

const firstGeneration = 1;

const toParent = ({ context }: { context: ReloadContext }): ReloadContext["parent"] => context.parent;

const begin = { target: "building", actions: "begin" } as const;
const outdated = { target: "rollingBack", actions: "noteOutdated" } as const;
const failed = { target: "rollingBack", actions: "noteFailed" } as const;

export const reloadMachine = setup({
  types: {
    context: {} as ReloadContext,
    input: {} as ReloadInput,
    events: {} as ReloadEvent,
    children: {} as { watcher: "watcher"; build: "build" },
  },
  actors: {
    watcher: provided<AnyEventObject, { readonly pool: string }>("watcher"),
    build: provided<AnyEventObject, BuildInput>("build"),
  },
  actions: {
    begin: assign(({ context }) => ({
      from: context.generation,
      startedAtMs: context.clock.now(),
      isOutdated: false,
      ...noVerdict,
    })),
    beginAnew: assign(({ context }) => ({ isOutdated: false, next: context.next + 1, ...noVerdict })),
    noteOutdated: assign({ isOutdated: true }),
    noteFailed: assign(({ event }) => ("message" in event ? { error: event.message } : {})),
    noteBuildFault: assign({ error: "It could not be built: the build failed inside the supervisor." }),
    noteVerdict: assign(({ event }) =>
      event.type === "generation.ready" ? compareExports(event.before, event.exports) : {},
    ),
    noteUnchanged: assign({ verdict: "unchanged" as const, error: null }),
    noteRefused: assign(({ context: { breaks } }) => ({
      error: `It would break callers: ${breaks.join("; ")}. Allow that with reload.allowBreaking or --allow-breaking.`,
    })),
    notePromoted: assign(({ context: { next } }) => ({
      generation: next,
      next: next + 1,
      isDraining: true,
      error: null,
    })),
    noteDrained: assign({ isDraining: false }),
    /** A number is never used twice, so that whoever is told of one knows what it runs. */
    useUpNumber: assign(({ context }) => ({ next: context.next + 1 })),
    startGeneration: sendTo(toParent, ({ context }) => ({
      type: "generation.start",
      generation: context.next,
    })),
    promote: sendTo(toParent, ({ context: { verdict } }) => ({
      type: "generation.promote",
      verdict: verdict === null || verdict === "unchanged" ? "identical" : verdict,
    })),
    abandon: sendTo(toParent, { type: "generation.abandon" }),
    hurryDrain: enqueueActions(({ context, enqueue }) => {
      if (context.policy.isHurried) enqueue.sendTo(context.parent, { type: "generation.hurry" });
    }),
    report: sendTo(toParent, ({ context }) => ({ type: "reload.finished", outcome: outcomeOf(context) })),
    /** Provided: says that changes go unnoticed from now on. */
    tellUnwatched: () => undefined,
  },
  guards: {
    isUnchanged: ({ event }) => event.type === "build.succeeded" && event.isSame,
    isToBeRefused: ({ context, event }) =>
      event.type === "generation.ready" &&
      !context.policy.allowsBreaking &&
      compareExports(event.before, event.exports).verdict === "breaking",
    hasCrowd: ({ context }) => context.isDraining,
    hasDrained: ({ context }) => !context.isDraining,
    isOutdated: ({ context }) => context.isOutdated,
  },
}).createMachine({
  id: "reload",
  initial: "watching",
  options: { maxIterations: 1000 },
  context: ({ input }) => ({
    ...input,
    generation: firstGeneration,
    from: firstGeneration,
    next: firstGeneration + 1,
    ...noVerdict,
    error: null,
    startedAtMs: 0,
    isDraining: false,
    isOutdated: false,
  }),
  invoke: {
    id: "watcher",
    src: "watcher",
    input: ({ context }) => ({ pool: context.pool }),
    // Whoever asks for a reload gets one all the same.
    onError: { actions: "tellUnwatched" },
  },
  on: { "generation.drained": { actions: "noteDrained" } },
  states: {
    watching: {
      meta: { description: "One generation serves; it waits for a change, or to be asked." },
      on: { "files.changed": begin, "reload.request": begin },
    },
    building: {
      meta: {
        description: "What workers would run is being made; a further change begins that anew.",
      },
      invoke: {
        id: "build",
        src: "build",
        input: ({ context: { pool, next, generation } }) => ({ pool, generation: next, serving: generation }),
        onError: { target: "retiring", actions: ["noteBuildFault", "report"] },
      },
      on: {
        "files.changed": { target: "building", reenter: true },
        "reload.request": { target: "building", reenter: true },
        "build.succeeded": [
          { guard: "isUnchanged", target: "retiring", actions: ["noteUnchanged", "report"] },
          { target: "starting" },
        ],
        "build.failed": { target: "retiring", actions: ["noteFailed", "report"] },
      },
    },
    starting: {
      meta: {
        description: "Workers of a new generation are being started beside those that serve.",
      },
      entry: "startGeneration",
      on: {
        "generation.ready": [
          { guard: "isToBeRefused", target: "rollingBack", actions: ["noteVerdict", "noteRefused"] },
          { guard: "hasCrowd", target: "queueing", actions: "noteVerdict" },
          { target: "promoting", actions: "noteVerdict" },
        ],
        "generation.failed": failed,
        "files.changed": outdated,
        "reload.request": outdated,
      },
    },
    queueing: {
      meta: {
        description: "It is ready, but the generation before the one that serves has not ended its calls.",
      },
      entry: "hurryDrain",
      on: {
        "generation.drained": { target: "promoting", actions: "noteDrained" },
        "generation.failed": failed,
        "files.changed": outdated,
        "reload.request": outdated,
      },
    },
    promoting: {
      meta: { description: "It is being given the calls." },
      entry: "promote",
      on: {
        "generation.promoted": [
          {
            guard: "isOutdated",
            target: "building",
            actions: ["notePromoted", "report", "begin"],
          },
          { target: "retiring", actions: ["notePromoted", "report"] },
        ],
        "generation.failed": failed,
        "files.changed": { actions: "noteOutdated" },
        "reload.request": { actions: "noteOutdated" },
      },
    },
    retiring: {
      meta: { description: "A generation serves, and the one before it has calls left to end." },
      always: { guard: "hasDrained", target: "watching" },
      on: { "files.changed": begin, "reload.request": begin },
    },
    rollingBack: {
      meta: {
        description: "The generation in service stays so; the workers of the new one are being ended.",
      },
      entry: "abandon",
      on: {
        "generation.ended": [
          { guard: "isOutdated", target: "building", actions: "beginAnew" },
          { target: "retiring", actions: ["report", "useUpNumber"] },
        ],
        "generation.failed": {},
        "generation.ready": {},
        "files.changed": { actions: "noteOutdated" },
        "reload.request": { actions: "noteOutdated" },
      },
    },
  },
});

const noVerdict = { verdict: null, breaks: [] } as const;

function outcomeOf({
  pool,
  from,
  generation,
  verdict,
  breaks,
  error,
  startedAtMs,
  clock,
}: ReloadContext): ReloadOutcome {
  const durationMs = Math.round((clock.now() - startedAtMs) * 10) / 10;
  return { pool, from, to: generation, verdict, breaks, durationMs, error };
}
