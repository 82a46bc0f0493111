// A machine's chart as plain data: states within states, and what leads from one to another. For whoever shows charts
// or checks them; it knows no particular machine and runs none.

import type { AnyStateMachine, AnyStateNode } from "xstate";

export type ChartStateKind = "atomic" | "compound" | "parallel" | "final";

export interface ChartState {
  /** Its full path, such as "worker.alive.ready". */
  readonly id: string;
  /** Its last part. The root's is the machine's name. */
  readonly key: string;
  readonly kind: ChartStateKind;
  /** A sentence; empty for the root. */
  readonly description: string;
  /** The key of the state it begins in; null unless it is compound. */
  readonly initial: string | null;
  readonly entry: readonly string[];
  readonly exit: readonly string[];
  /** The names of the actors that run while it is active. */
  readonly invokes: readonly string[];
  /** In the order in which they are tried. */
  readonly transitions: readonly ChartTransition[];
  readonly states: readonly ChartState[];
}

/** What has to happen for it: an event by its type, a delay by its name, an actor's end by its id, or nothing. */
export type ChartTrigger =
  | { readonly kind: "event" | "after" | "done" | "error"; readonly name: string }
  | { readonly kind: "always" };

export interface ChartTransition {
  /** As `transitionId` makes it. */
  readonly id: string;
  readonly source: string;
  readonly trigger: ChartTrigger;
  /** The guard's name; or, of a guard that asks for a state, that state's id after "in ". */
  readonly guard: string | null;
  /** The id of the state it leads to; null where it leaves the state as it is. */
  readonly target: string | null;
  /** Its source is left and entered anew even where it leads into itself. */
  readonly isReentering: boolean;
  readonly actions: readonly string[];
  /** An earlier one of the same state and trigger has a guard: it is taken when that does not hold. */
  readonly isOtherwise: boolean;
}

/** What tells a transition from all others of its chart. `index` is its place among those of the same source and event. */
export function transitionId(source: string, eventType: string, index: number): string {
  return `${source}|${eventType}|${String(index)}`;
}

export function readChart(machine: AnyStateMachine): ChartState {
  return readState(machine.root);
}

/** The state itself and all within it, in the order of the chart. */
export function statesOf(state: ChartState): readonly ChartState[] {
  return [state, ...state.states.flatMap(statesOf)];
}

function readState(node: AnyStateNode): ChartState {
  const { description = "" } = (node.meta ?? {}) as { readonly description?: string };
  return {
    id: node.id,
    key: node.key,
    kind: node.type === "history" ? "atomic" : node.type,
    description,
    initial: node.type === "compound" ? (node.initial.target[0]?.key ?? null) : null,
    entry: node.entry.map(actionName).filter((name) => !ofDelays.has(name)),
    exit: node.exit.map(actionName).filter((name) => !ofDelays.has(name)),
    invokes: node.invoke.map(({ id }) => id),
    transitions: transitionsOf(node),
    states: Object.values(node.states).map(readState),
  };
}

/** What XState adds to a state with delays, to start and to end their timers. */
const ofDelays = new Set(["xstate.raise", "xstate.cancel"]);

function transitionsOf(node: AnyStateNode): readonly ChartTransition[] {
  const byEvent = new Map<string, AnyStateNode["always"]>(node.transitions);
  if (node.always !== undefined) byEvent.set("", node.always);
  return [...byEvent].flatMap(([eventType, candidates = []]) =>
    candidates.map(({ target, guard, actions, reenter }, index) => ({
      id: transitionId(node.id, eventType, index),
      source: node.id,
      trigger: triggerOf(eventType),
      guard: guardName(guard),
      target: target?.[0]?.id ?? null,
      isReentering: reenter,
      actions: actions.map(actionName),
      isOtherwise: index > 0,
    })),
  );
}

/** XState's own events, by the beginning of their names. What follows a delay's name is the id of its state. */
const own = [
  [/^xstate\.after\.([^.]+)\./, "after"],
  [/^xstate\.done\.(?:actor|state)\.(.+)$/, "done"],
  [/^xstate\.error\.actor\.(.+)$/, "error"],
] as const;

function triggerOf(eventType: string): ChartTrigger {
  if (eventType === "") return { kind: "always" };
  for (const [pattern, kind] of own) {
    const name = pattern.exec(eventType)?.[1];
    if (name !== undefined) return { kind, name };
  }
  return { kind: "event", name: eventType };
}

function guardName(guard: unknown): string | null {
  if (guard === undefined || guard === null) return null;
  if (typeof guard === "string") return guard;
  // What `stateIn` makes is a function that has the state with it; in JSON, that state is its parameter.
  const { type, stateValue, params } = guard as {
    readonly type?: unknown;
    readonly stateValue?: unknown;
    readonly params?: { readonly stateValue?: unknown };
  };
  const state = stateValue ?? params?.stateValue;
  return typeof state === "string" ? `in ${state.replace(/^#/, "")}` : String(type);
}

/** An action that is told by a parameter which of several it stands for goes by that. */
function actionName(action: unknown): string {
  if (typeof action === "string") return action;
  if ((typeof action !== "object" && typeof action !== "function") || action === null) return String(action);
  const { type, params } = action as { readonly type?: unknown; readonly params?: unknown };
  if (typeof params === "object" && params !== null && "name" in params) return String(params.name);
  return String(type);
}
