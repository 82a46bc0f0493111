// The paths through a model that cover every transition of it, and where they go on to. Knows xstate's graphs; nothing of
// what walks them.

import type { ActorLogic, EventObject, Snapshot } from "xstate";
import {
  adjacencyMapToArray,
  getAdjacencyMap,
  getShortestPaths,
  type StatePath,
  type TraversalOptions,
} from "xstate/graph";
import { messageOf } from "../errors.js";
import { stateText, valueText } from "./model-text.js";

/** How many edges a model may have before the walk is refused: one whose context grows has no end of them. */
export const defaultLimit = 10_000;

/**
 * A path generator for `xstate/graph`: one path for each transition that can be reached, the shortest way to its source
 * and then the transition itself. Those that only begin another path are left out. At most `options.limit` edges are
 * followed, 10 000 by default; beyond that it throws.
 */
export function everyTransition<State extends Snapshot<unknown>, Event extends EventObject, Input>(
  logic: ActorLogic<State, Event, Input>,
  options: TraversalOptions<State, Event, Input>,
): StatePath<State, Event>[] {
  const bounded = { limit: defaultLimit, serializeEvent: valueText, ...withoutUndefined(options) };
  const { serializeState } = bounded;
  const keyOf = (state: Snapshot<unknown>): string =>
    serializeState?.(state as State, undefined) ?? stateText(state);
  const settled = { ...bounded, serializeState: keyOf } as never;
  const paths = pathsOver(edgesOf(logic as never, settled), getShortestPaths(logic as never, settled), keyOf);
  return withoutPrefixes(paths) as unknown as StatePath<State, Event>[];
}

function withoutUndefined<Options extends object>(options: Options): Options {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Options;
}

type Path = StatePath<Snapshot<unknown>, EventObject>;
export interface Edge {
  readonly state: Snapshot<unknown>;
  readonly event: EventObject;
  readonly nextState: Snapshot<unknown>;
}
type Logic = ActorLogic<Snapshot<unknown>, EventObject, unknown>;
type Traversal = TraversalOptions<Snapshot<unknown>, EventObject, unknown> | undefined;

export function edgesOf(logic: Logic, options: Traversal): readonly Edge[] {
  const keyOf = options?.serializeState ?? stateText;
  /** How each state was come to first; the last one is the one at which it was given up. */
  const came = new Map<string, { readonly from: string | null; readonly event: EventObject | undefined }>();
  const noting = (
    state: Snapshot<unknown>,
    event: EventObject | undefined,
    before?: Snapshot<unknown>,
  ): string => {
    const key = keyOf(state, event, before);
    if (!came.has(key))
      came.set(key, { from: before === undefined ? null : keyOf(before, undefined), event });
    return key;
  };
  try {
    return adjacencyMapToArray(getAdjacencyMap(logic, { ...options, serializeState: noting }));
  } catch (error) {
    if (messageOf(error) !== "Traversal limit exceeded") throw error;
    throw new Error(endless(came, options?.limit ?? defaultLimit), { cause: error });
  }
}

/** Of a way to the state that was come to last its two ends: the middle is more of the same. */
function endless(
  came: ReadonlyMap<string, { readonly from: string | null; readonly event: EventObject | undefined }>,
  limit: number,
): string {
  const last = [...came.keys()].at(-1) ?? "";
  const way: string[] = [];
  for (let at = came.get(last); at?.event !== undefined; at = came.get(at.from ?? "")) {
    way.unshift(valueText(at.event));
    if (way.length > came.size) break;
  }
  const shown = way.length > 6 ? [...way.slice(0, 3), "…", ...way.slice(-2)] : way;
  return (
    `The model has more edges than the limit of ${String(limit)}. After ${shown.join(", ")} it is in ${last}, ` +
    "which is still another state: let its context hold less, give fewer cases, or set a higher limit."
  );
}

/** The shortest way to the source of each edge, and the edge. */
export function pathsOver(
  edges: readonly Edge[],
  shortest: readonly Path[],
  keyOf: (state: Snapshot<unknown>) => string,
): Path[] {
  const ways = new Map(shortest.map((path) => [keyOf(path.state), path]));
  return edges.map(({ state, event, nextState }) => {
    const way = ways.get(keyOf(state));
    if (way === undefined) throw new Error(`No way leads to the state ${keyOf(state)} of the model.`);
    const steps = [...way.steps, { state: nextState, event }];
    return { state: nextState, steps, weight: way.weight + 1 };
  });
}

/** Of each state that can get to a goal the edge that leads there soonest. */
export function edgesTowards(
  edges: readonly Edge[],
  states: readonly Snapshot<unknown>[],
  isGoal: (state: Snapshot<unknown>) => boolean,
): Map<string, Edge | null> {
  const next = new Map<string, Edge | null>();
  for (const state of states) if (isGoal(state)) next.set(stateText(state), null);
  if (next.size === 0) {
    const shown = states.slice(0, 5).map((state) => stateText(state));
    const more = states.length > shown.length ? ", …" : "";
    throw new Error(
      `The option endIn is true of none of the ${String(states.length)} states that the model can be in (${shown.join(", ")}${more}): ` +
        "no walk could end there.",
    );
  }
  for (let size = -1; size !== next.size;) {
    size = next.size;
    const found = edges.filter(
      ({ state, nextState }) => !next.has(stateText(state)) && next.has(stateText(nextState)),
    );
    for (const edge of found) if (!next.has(stateText(edge.state))) next.set(stateText(edge.state), edge);
  }
  return next;
}

export function extended(path: Path, towards: ReadonlyMap<string, Edge | null>): Path {
  const steps = [...path.steps];
  let { state } = path;
  for (let edge = towards.get(stateText(state)); edge != null; edge = towards.get(stateText(state))) {
    state = edge.nextState;
    steps.push({ state, event: edge.event });
  }
  return { state, steps, weight: steps.length };
}

/** Whatever another path begins with is walked with it. Sorted, so that a prefix comes after what it begins. */
export function withoutPrefixes(paths: readonly Path[]): Path[] {
  const begun = new Set<string>();
  const kept: Path[] = [];
  for (const path of [...paths].sort((one, other) => other.steps.length - one.steps.length)) {
    const events = path.steps.map(({ event }) => valueText(event));
    if (begun.has(events.join(" "))) continue;
    for (let length = 1; length <= events.length; length++) begun.add(events.slice(0, length).join(" "));
    kept.push(path);
  }
  return kept;
}
