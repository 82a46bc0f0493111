// What whoever sets `restart` may rely on, of a pool of one worker: when it is started again, after how long, when the pool
// gives up on it, and what makes it try again. Written from that side; of charts and decisions it knows nothing.

import { assign, createMachine } from "xstate";

const dayMs = 86_400_000;

export const restart = {
  backoffMs: [0, 100],
  maxRestarts: 2,
  withinMs: 10 * dayMs,
  maxFailedStarts: 2,
  resetAfterMs: 10 * dayMs,
};
export const cooldownMs = 30_000;
/** After which neither old ends nor the row of waits count. */
export const longMs = 20 * dayMs;

interface Past {
  /** Unasked ends that still count. */
  ends: number;
  /** Starts in a row that did not become ready. */
  failedStarts: number;
  /** Its place in the row of waits; 2 stands for all that follow. */
  turn: number;
  /** Times that it gave up without having come to itself in between; 3 stands for all that follow. */
  openings: number;
}

export type PoolModelEvent = {
  type:
    | "ready"
    | "ended"
    | "trip"
    | "reset"
    | "time.passed"
    | "long.time.passed"
    /** It is reloaded: a worker of new code comes up in its place, or ends instead. */
    | "reloaded"
    | "not.reloaded";
};

const past = (change: (now: Past) => Partial<Past>) =>
  assign<Past, PoolModelEvent, undefined, PoolModelEvent, never>(({ context }) => change(context));
const opens = past(({ openings }) => ({ openings: Math.min(openings + 1, 3) }));
const forgets = past(() => ({ ends: 0, failedStarts: 0, openings: 0 }));
const anew = past(() => ({ ends: 0, failedStarts: 0, openings: 0, turn: 0 }));
const cameUp = past(() => ({ failedStarts: 0 }));
const ended = (wasReady: boolean) =>
  past(({ ends, failedStarts, turn }) => ({
    ends: ends + 1,
    failedStarts: wasReady ? 0 : failedStarts + 1,
    turn: Math.min(turn + 1, 2),
  }));
const tooOften = ({ context: { ends } }: { context: Past }): boolean => ends + 1 > restart.maxRestarts;
const tooManyFailed = ({ context }: { context: Past }): boolean =>
  tooOften({ context }) || context.failedStarts + 1 >= restart.maxFailedStarts;

const gone = "reports worker.exited";
const isOver = "reports reload.finished";
/** Whatever became of the old one, the new one is up and begins anew. */
const inService = ["starts", "reports worker.ready", "reports generation.promoted", anew];
const drained = ["reports generation.drained", isOver];
const renewed = { target: "#up", actions: [...inService, gone, ...drained] } as const;
const renewedHeld = { target: "#heldUp", actions: [...inService, gone, ...drained] } as const;
const notRenewed = { actions: ["starts", gone, isOver] } as const;
const givesUp = { target: "#open", actions: [gone, "reports breaker.opened", opens] } as const;

export const poolModel = createMachine({
  types: {} as { context: Past; events: PoolModelEvent },
  initial: "beginning",
  context: { ends: 0, failedStarts: 0, turn: 0, openings: 0 },
  states: {
    /** Before it has ever had a ready worker: who ends now has failed the start. */
    beginning: {
      initial: "free",
      entry: "starts",
      on: {
        ended: { target: "failed", actions: gone },
        // What is not in service yet is not reloaded.
        reloaded: { actions: isOver },
        "not.reloaded": { actions: isOver },
      },
      states: {
        free: {
          on: {
            ready: { target: "#up", actions: "reports worker.ready" },
            trip: { target: "held", actions: "reports breaker.opened" },
          },
        },
        held: {
          on: {
            ready: { target: "#heldUp", actions: "reports worker.ready" },
            reset: { target: "free", actions: "reports breaker.closed" },
          },
        },
      },
    },
    failed: { type: "final" },
    closed: {
      initial: "up",
      on: { reloaded: renewed, "not.reloaded": notRenewed },
      states: {
        up: {
          id: "up",
          entry: cameUp,
          on: {
            ended: [
              { guard: tooOften, ...givesUp },
              { target: "waiting", actions: [gone, ended(true)] },
            ],
            "long.time.passed": { actions: past(() => ({ ends: 0, turn: 0 })) },
            trip: { target: "#heldUp", actions: "reports breaker.opened" },
          },
        },
        waiting: {
          on: {
            "time.passed": { target: "coming", actions: "starts" },
            // It waits no longer, and is told as ended once more.
            trip: { target: "#heldDown", actions: ["reports breaker.opened", gone] },
          },
        },
        coming: {
          id: "coming",
          on: {
            ready: { target: "up", actions: "reports worker.ready" },
            ended: [
              { guard: tooManyFailed, ...givesUp },
              { target: "waiting", actions: [gone, ended(false)] },
            ],
            trip: { target: "#heldComing", actions: "reports breaker.opened" },
          },
        },
      },
    },
    /** It has given up: nothing is started until its time is over. */
    open: {
      id: "open",
      on: {
        "time.passed": { target: "probing", actions: ["reports breaker.halfOpened", "starts"] },
        trip: { target: "#heldDown", actions: "reports breaker.opened" },
        reset: { target: "#again", actions: "reports breaker.closed" },
        // The old one has no process any more.
        reloaded: { target: "#up", actions: [...inService, "reports breaker.closed", ...drained] },
        "not.reloaded": notRenewed,
      },
    },
    /** One start is tried, and decides. */
    probing: {
      on: {
        ready: { target: "#up", actions: ["reports worker.ready", "reports breaker.closed", forgets] },
        ended: { target: "open", actions: [gone, "reports breaker.opened", opens] },
        trip: { target: "#heldComing", actions: "reports breaker.opened" },
        reset: { target: "#coming", actions: ["reports breaker.closed", forgets] },
        reloaded: {
          target: "#up",
          actions: [...inService, "reports breaker.closed", gone, ...drained],
        },
        "not.reloaded": notRenewed,
      },
    },
    /** Tripped by hand: who is there serves on, who comes may come, nobody is started. */
    held: {
      initial: "up",
      on: { reloaded: renewedHeld, "not.reloaded": notRenewed },
      states: {
        up: {
          id: "heldUp",
          on: {
            ended: { target: "down", actions: gone },
            reset: { target: "#up", actions: ["reports breaker.closed", forgets] },
          },
        },
        coming: {
          id: "heldComing",
          on: {
            ready: { target: "up", actions: "reports worker.ready" },
            ended: { target: "down", actions: gone },
            reset: { target: "#coming", actions: ["reports breaker.closed", forgets] },
          },
        },
        down: {
          id: "heldDown",
          on: {
            reset: { target: "#again", actions: "reports breaker.closed" },
            reloaded: { target: "#heldUp", actions: [...inService, ...drained] },
          },
        },
      },
    },
    /** Told to start after a reset, without a wait. */
    again: {
      id: "again",
      entry: anew,
      on: {
        "time.passed": { target: "#coming", actions: "starts" },
        trip: { target: "#heldDown", actions: ["reports breaker.opened", gone] },
        reloaded: renewed,
        "not.reloaded": notRenewed,
      },
    },
  },
});

interface State {
  readonly value: unknown;
  readonly context: Past;
}

export function nameOf({ value }: State): string {
  return typeof value === "string" ? value : (Object.entries(Object(value))[0]?.join(".") ?? "");
}

/** How long it waits in a state. */
export function waitMsOf(state: State): number {
  const { turn, openings } = state.context;
  if (nameOf(state) === "open") return cooldownMs * 2 ** (openings - 1);
  return nameOf(state) === "closed.waiting" && turn > 1 ? 100 : 0;
}

/** Commands may come at any time; of the world only what it can do there. */
export function poolCases(state: State): PoolModelEvent[] {
  const name = nameOf(state);
  const types: PoolModelEvent["type"][] = ["trip", "reset", "time.passed", "reloaded", "not.reloaded"];
  const isComing = /beginning|coming|probing/.test(name);
  if (isComing) types.push("ready");
  if (isComing || /\.up$/.test(name)) types.push("ended");
  if (name === "closed.up") types.push("long.time.passed");
  return types.map((type) => ({ type }));
}
