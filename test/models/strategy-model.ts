// What whoever sets `strategy: "rest_for_one"` may rely on, of two pools of one worker: the second is started when the first
// is up, and started anew with it; one that is tripped by hand waits for its turn and then for its reset.

import { assign, createMachine } from "xstate";

interface Pools {
  first: "coming" | "up";
  /** `idle`: it is not its turn. `held`: it is, but it is tripped. `ending`: it is stopped to be started anew. `down`: it ended, tripped. */
  second: "idle" | "held" | "coming" | "up" | "ending" | "down";
  isTripped: boolean;
  hasServed: boolean;
  /** Told to take no new calls, which is nothing to the pools. */
  isRefusing: boolean;
}

export type StrategyModelEvent = {
  type: "first.ready" | "first.ended" | "second.ready" | "second.ended" | "trip" | "reset" | "drain";
};

const set = (change: (now: Pools) => Partial<Pools>) =>
  assign<Pools, StrategyModelEvent, undefined, StrategyModelEvent, never>(({ context }) => change(context));

const itsTurn = ({ isTripped }: Pools): Pools["second"] => (isTripped ? "held" : "coming");

function afterFirst({ second }: Pools): Pools["second"] {
  if (second === "coming" || second === "up") return "ending";
  return second === "held" || second === "down" ? "idle" : second;
}

export const strategyModel = createMachine({
  types: {} as { context: Pools; events: StrategyModelEvent },
  initial: "pools",
  context: { first: "coming", second: "idle", isTripped: false, hasServed: false, isRefusing: false },
  states: {
    pools: {
      on: {
        "first.ready": {
          actions: [
            "emits worker.ready",
            set((now) => ({ first: "up", second: now.second === "idle" ? itsTurn(now) : now.second })),
          ],
        },
        "first.ended": {
          actions: ["emits worker.exited", set((now) => ({ first: "coming", second: afterFirst(now) }))],
        },
        "second.ready": { actions: ["emits worker.ready", set(() => ({ second: "up", hasServed: true }))] },
        "second.ended": {
          actions: [
            "emits worker.exited",
            set((now) => {
              if (now.second === "ending") return { second: now.first === "up" ? itsTurn(now) : "idle" };
              return { second: now.isTripped ? "down" : "coming" };
            }),
          ],
        },
        drain: [
          { guard: ({ context }) => context.isRefusing },
          { actions: ["emits supervisor.draining", set(() => ({ isRefusing: true }))] },
        ],
        trip: [
          { guard: ({ context }) => context.isTripped },
          { actions: ["emits breaker.opened", set(() => ({ isTripped: true }))] },
        ],
        reset: {
          guard: ({ context }) => context.isTripped,
          actions: [
            "emits breaker.closed",
            set(({ second }) => ({
              isTripped: false,
              second: second === "held" || second === "down" ? "coming" : second,
            })),
          ],
        },
      },
    },
  },
});

interface State {
  readonly context: Pools;
}

/** A start that fails is the supervisor's model: so neither ends before it has served. */
export function strategyCases({ context: { first, second, hasServed } }: State): StrategyModelEvent[] {
  const types: StrategyModelEvent["type"][] = ["trip", "reset", "drain"];
  if (first === "coming") types.push("first.ready");
  else types.push("first.ended");
  if (second === "coming") types.push("second.ready");
  if (second === "ending" || (hasServed && (second === "up" || second === "coming")))
    types.push("second.ended");
  return types.map((type) => ({ type }));
}
