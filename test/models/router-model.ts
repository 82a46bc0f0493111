// What dispatch may rely on of the tables that the router publishes: which processes may get new calls, what calls that
// find none have to expect, and what may be called at all. Written from that side; of the chart it knows nothing.

import { assign, createMachine } from "xstate";

interface Known {
  /** Two processes of the pool app: the second is of a newer generation, and exports one function more. */
  isFirstReady: boolean;
  isSecondReady: boolean;
  /** What calls of app that find none have to expect; null before anything was heard of it. */
  outlook: "due" | "none" | null;
  /** How many functions its last ready process exported. */
  exported: number;
  /** Another pool, of one process. */
  isOtherReady: boolean;
}

export type RouterModelEvent = {
  type:
    | "first.ready"
    | "first.withdrawn"
    | "second.ready"
    | "second.withdrawn"
    | "outlook.due"
    | "outlook.none"
    | "app.removed"
    | "other.ready"
    | "other.removed"
    | "router.drain"
    | "router.close";
};

const knows = (change: Partial<Known> | ((now: Known) => Partial<Known>)) => ({
  actions: [
    assign<Known, RouterModelEvent, undefined, RouterModelEvent, never>(({ context }) => {
      const next = { ...context, ...(typeof change === "function" ? change(context) : change) };
      if (next.isSecondReady) next.exported = 2;
      else if (next.isFirstReady) next.exported = 1;
      return next;
    }),
    "publishes",
  ],
});

/** True of every admission: what is known of workers is told, whether calls are taken or not. */
const learning = {
  "first.ready": knows({ isFirstReady: true, outlook: "none" }),
  "first.withdrawn": knows({ isFirstReady: false, outlook: "due" }),
  "second.ready": knows({ isSecondReady: true, outlook: "none" }),
  "second.withdrawn": knows({ isSecondReady: false, outlook: "due" }),
  "outlook.due": knows({ outlook: "due" }),
  "outlook.none": knows({ outlook: "none" }),
  "app.removed": knows({ isFirstReady: false, isSecondReady: false, outlook: null, exported: 0 }),
  "other.ready": knows({ isOtherReady: true }),
  "other.removed": knows({ isOtherReady: false }),
} as const;

export const routerModel = createMachine({
  types: {} as { context: Known; events: RouterModelEvent },
  initial: "open",
  context: { isFirstReady: false, isSecondReady: false, outlook: null, exported: 0, isOtherReady: false },
  on: learning,
  states: {
    open: {
      on: {
        "router.drain": { target: "draining", actions: "publishes" },
        "router.close": { target: "closed", actions: "publishes" },
      },
    },
    draining: { on: { "router.close": { target: "closed", actions: "publishes" } } },
    closed: {},
  },
});

/** A process gets ready once. One that the supervisor refused is withdrawn without ever having been ready here. */
export function routerCases({ context }: { readonly context: Known }): RouterModelEvent[] {
  const { isFirstReady, isSecondReady, isOtherReady, outlook } = context;
  const types: RouterModelEvent["type"][] = [
    "router.drain",
    "router.close",
    "outlook.due",
    "first.withdrawn",
  ];
  types.push(isSecondReady ? "second.withdrawn" : "second.ready");
  if (!isFirstReady) types.push("first.ready");
  types.push(isOtherReady ? "other.removed" : "other.ready");
  if (outlook !== null) types.push("outlook.none", "app.removed");
  return types.map((type) => ({ type }));
}
