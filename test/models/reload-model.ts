// What a pool and whoever asks for a reload may rely on: what is asked of the build and of the pool in turn, that each
// reload is told once, and that something newer is never passed over. Of charts it knows nothing.

import { assign, createMachine } from "xstate";

export interface ReloadRules {
  readonly allowsBreaking: boolean;
  readonly isHurried: boolean;
}

interface Facts {
  /** Workers of the generation before the one that serves are left. */
  crowd: boolean;
  /** Something changed since what is being made was built. */
  outdated: boolean;
  /** What is being ended would have broken callers. */
  refused: boolean;
}

export type ReloadModelEvent = {
  type:
    | "requested"
    | "changed"
    | "built"
    | "same"
    | "unbuilt"
    | "ready"
    | "breaks"
    | "failed"
    | "promoted"
    | "ended"
    | "drained";
};

const facts = (change: Partial<Facts>) =>
  assign<Facts, ReloadModelEvent, undefined, ReloadModelEvent, never>(change);
const outdated = facts({ outdated: true });
const isCrowded = ({ context }: { context: Facts }): boolean => context.crowd;
const isOutdated = ({ context }: { context: Facts }): boolean => context.outdated;
const isRefused = ({ context }: { context: Facts }): boolean => context.refused;

export function reloadModelOf({ allowsBreaking, isHurried }: ReloadRules) {
  const newer = { target: "goingBack", actions: outdated };
  const goesOn = [
    { guard: isCrowded, target: "waiting", actions: isHurried ? ["asks hurry"] : [] },
    { target: "comingIn" },
  ];
  const refused = { target: "goingBack", actions: facts({ refused: true }) };
  return createMachine({
    types: {} as { context: Facts; events: ReloadModelEvent },
    initial: "serving",
    context: { crowd: false, outdated: false, refused: false },
    on: { drained: { actions: facts({ crowd: false }) } },
    states: {
      serving: { on: { requested: "making", changed: "making" } },
      making: {
        entry: [facts({ outdated: false, refused: false }), "asks build"],
        on: {
          requested: { target: "making", reenter: true },
          changed: { target: "making", reenter: true },
          built: { target: "starting", actions: "asks start" },
          same: { target: "serving", actions: "reports unchanged" },
          unbuilt: { target: "serving", actions: "reports failed" },
        },
      },
      starting: {
        on: {
          ready: goesOn,
          breaks: allowsBreaking ? goesOn : refused,
          failed: "goingBack",
          requested: newer,
          changed: newer,
        },
      },
      waiting: {
        on: {
          drained: { target: "comingIn", actions: facts({ crowd: false }) },
          failed: "goingBack",
          requested: newer,
          changed: newer,
        },
      },
      comingIn: {
        entry: "asks promote",
        on: {
          promoted: [
            { guard: isOutdated, target: "making", actions: ["reports promoted", facts({ crowd: true })] },
            { target: "serving", actions: ["reports promoted", facts({ crowd: true })] },
          ],
          failed: "goingBack",
          requested: { actions: outdated },
          changed: { actions: outdated },
        },
      },
      goingBack: {
        entry: "asks abandon",
        on: {
          ended: [
            { guard: isOutdated, target: "making" },
            { guard: isRefused, target: "serving", actions: ["reports refused", facts({ refused: false })] },
            { target: "serving", actions: "reports failed" },
          ],
          requested: { actions: outdated },
          changed: { actions: outdated },
        },
      },
    },
  });
}

export type ReloadModel = ReturnType<typeof reloadModelOf>;

interface State {
  readonly value: unknown;
  readonly context: Facts;
}

/** Commands and changes may come at any time; of the build and of the pool only what each can say there. */
export function reloadCases({ value, context: { crowd } }: State): ReloadModelEvent[] {
  const types: ReloadModelEvent["type"][] = ["requested", "changed"];
  if (crowd) types.push("drained");
  if (value === "making") types.push("built", "same", "unbuilt");
  if (value === "starting") types.push("ready", "breaks");
  // What was on its way when it was told to end them.
  if (value === "goingBack") types.push("ready", "failed", "ended");
  if (value === "starting" || value === "waiting" || value === "comingIn") types.push("failed");
  if (value === "comingIn") types.push("promoted");
  return types.map((type) => ({ type }));
}
