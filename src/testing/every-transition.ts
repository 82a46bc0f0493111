// Walks a model of something through every transition that can be reached, with the thing itself beside it, and says
// what was walked. Knows xstate's machines; nothing of Splice, of a test runner, or of what is tested.

import {
  initialTransition,
  transition,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type EventFrom,
  type EventObject,
  type InputFrom,
  type SnapshotFrom,
  type StateValue,
} from "xstate";
import { createTestModel, getShortestPaths } from "xstate/graph";
import { describeValue, messageOf } from "../errors.js";
import { stateText, valueText } from "./model-text.js";
import {
  defaultLimit,
  edgesOf,
  edgesTowards,
  extended,
  pathsOver,
  withoutPrefixes,
  type Edge,
} from "./transition-paths.js";

/** One step of a walk. `event` and `before` are null in the first, which is the beginning itself. */
export interface ModelStep<Model extends AnyStateMachine> {
  readonly event: EventFrom<Model> | null;
  readonly before: SnapshotFrom<Model> | null;
  readonly state: SnapshotFrom<Model>;
  /** The actions that the model names in this step, in order: what it says the subject does beside changing its state. */
  readonly actions: readonly string[];
}

/** The thing that a model is of: what each event of the model is to it, and how it must look in each state. */
export interface ModelSubject<Model extends AnyStateMachine> {
  /** Does to the subject what the event means; `state` is the model's before it. */
  readonly events: {
    readonly [Type in EventFrom<Model>["type"]]: (
      event: Extract<EventFrom<Model>, { type: Type }>,
      state: SnapshotFrom<Model>,
    ) => void | Promise<void>;
  };
  /**
   * Compares the subject with the model, by throwing. The keys are names of states, "serving.tripped" for one within
   * another; every key that matches is asked, and one has to.
   */
  readonly states: Readonly<Record<string, (step: ModelStep<Model>) => void | Promise<void>>>;
  /** Asked at the end of its path, whatever came of it. */
  readonly end?: () => void | Promise<void>;
}

export interface EveryTransitionOptions<Model extends AnyStateMachine> {
  /** A fresh subject, in the state in which the model begins; asked for each path. */
  readonly subject: () => ModelSubject<Model> | Promise<ModelSubject<Model>>;
  /**
   * The events that can happen, all of them or those of one state. An event that the model does not take there is
   * tried as well: that the subject ignores it is then what is tested. Default: one plain event of each type.
   */
  readonly cases?:
    readonly EventFrom<Model>[] | ((state: SnapshotFrom<Model>) => readonly EventFrom<Model>[]);
  /**
   * Each path goes on, the shortest way, to a state of which this is true: what a subject remembers wrongly may be seen
   * only there. Default: a path ends with the transition that it is for.
   */
  readonly endIn?: (state: SnapshotFrom<Model>) => boolean;
  /** The most edges that are followed. Default 10 000. */
  readonly limit?: number;
  /** For a model whose context is made of its input. */
  readonly input?: InputFrom<Model>;
}

/** A state of the model, with its context, and an event that may happen there. */
export interface TransitionPair {
  readonly state: string;
  readonly event: string;
}

export interface TransitionCoverage {
  /** How many states the model has, one with another context being another. */
  readonly states: number;
  /** How many walks, each with a subject of its own, it took. */
  readonly paths: number;
  readonly reachable: readonly TransitionPair[];
  /** Those of them after which the subject was compared with the model. */
  readonly covered: readonly TransitionPair[];
  /**
   * Events that a state of the model takes, as "state event", and that none of the `cases` brought there: the model says
   * something that was not tried. Empty, unless that is meant.
   */
  readonly unwalked: readonly string[];
}

/**
 * Walks `model` through every transition that can be reached, a fresh subject beside it on each path: it is told every
 * event and compared after every step. Rejects with an Error that names the path when subject and model part, when an event
 * has no handler, or when a state has no assertion. Prints nothing. The model may have neither `invoke` nor `after`; what
 * time does is an event of it.
 */
export async function testEveryTransition<Model extends AnyStateMachine>(
  model: Model,
  options: EveryTransitionOptions<Model>,
): Promise<TransitionCoverage> {
  type State = SnapshotFrom<Model>;
  const { subject, limit = defaultLimit, input } = options;
  // It refuses what a model may not have.
  createTestModel(model);
  const cases = options.cases ?? plainCases(model);
  const events = (state: State): readonly EventFrom<Model>[] => {
    if (asSnapshot(state).status !== "active") return [];
    return typeof cases === "function" ? cases(state) : cases;
  };
  const traversal = { events, limit, input, serializeState: stateText, serializeEvent: valueText } as never;
  const edges = edgesOf(model as never, traversal);
  const reachable = edges.map(({ state, event }) => pairOf(state, event));
  const ways = getShortestPaths(model as never, traversal);
  const { endIn } = options;
  const onwards =
    endIn === undefined
      ? new Map<string, never>()
      : edgesTowards(
          edges,
          ways.map(({ state }) => state),
          (state) => endIn(state as never),
        );
  const paths = withoutPrefixes(pathsOver(edges, ways, stateText).map((path) => extended(path, onwards)));
  const covered = new Map<string, TransitionPair>();
  const states = new Set<string>();
  for (const path of paths.length === 0 ? [onlyStart] : paths) {
    const sent = path.steps
      .map(({ event }) => event as EventFrom<Model>)
      .filter(({ type }) => type !== initType);
    const walk = new Walk(model, checkedSubject(await subject()), input);
    try {
      await walk.begin();
      states.add(stateText(walk.state));
      for (const event of sent) {
        const pair = pairOf(walk.state, event);
        await walk.take(event);
        states.add(stateText(walk.state));
        covered.set(`${pair.state} ${pair.event}`, pair);
      }
    } catch (error) {
      // What a subject throws at its end must not hide why it came to that.
      await quietly(() => walk.subject.end?.());
      throw error;
    }
    await walk.subject.end?.();
  }
  const unwalked = untaken(model, edges);
  return { states: states.size, paths: paths.length, reachable, covered: [...covered.values()], unwalked };
}

/** Whoever writes JavaScript has no compiler to tell that a subject is missing. */
function checkedSubject<Subject>(subject: Subject): Subject {
  const { events, states } = (subject ?? {}) as { readonly events?: unknown; readonly states?: unknown };
  if (typeof events === "object" && events !== null && typeof states === "object" && states !== null)
    return subject;
  const found =
    typeof subject === "object" && subject !== null
      ? `its events are ${describeValue(events)}, its states ${describeValue(states)}`
      : `it was ${describeValue(subject)}`;
  throw new Error(`The function subject has to return { events, states }, both objects, but ${found}.`);
}

async function quietly(end: () => void | Promise<void>): Promise<void> {
  try {
    await end();
  } catch {
    // The other error is the one that is told.
  }
}

/** Each event of each state of the model that none of the edges brings to that state. */
function untaken(model: AnyStateMachine, edges: readonly Edge[]): readonly string[] {
  const brought = new Set(
    edges.flatMap(({ state, event }) =>
      nodesIn(model.root, asSnapshot(state).value as StateValue).map(
        (node) => `${pathOf(node)} ${event.type}`,
      ),
    ),
  );
  return takesOf(model.root).filter((one) => !brought.has(one));
}

type Node = AnyStateMachine["root"];

function takesOf(node: Node): readonly string[] {
  const own = [...node.transitions.keys()].filter((type) => type !== "" && !type.includes("*"));
  return [
    ...own.map((type) => `${pathOf(node)} ${type}`),
    ...Object.values(node.states).flatMap((inner) => takesOf(inner)),
  ];
}

function nodesIn(node: Node, value: StateValue | undefined): readonly Node[] {
  if (value === undefined) return [node];
  const inner = typeof value === "string" ? { [value]: undefined } : value;
  return [
    node,
    ...Object.entries(inner).flatMap(([key, below]) => {
      const child = node.states[key];
      return child === undefined ? [] : nodesIn(child, below);
    }),
  ];
}

/** "serving.tripped"; of the model as a whole its id. */
function pathOf(node: Node): string {
  return node.path.length === 0 ? node.id : node.path.join(".");
}

const initType = "xstate.init";
const onlyStart = { steps: [] };

/** One path, model and subject side by side. */
class Walk<Model extends AnyStateMachine> {
  state: SnapshotFrom<Model>;
  readonly #model: Model;
  readonly #firstActions: readonly string[];
  readonly #told: string[] = [];

  constructor(
    model: Model,
    readonly subject: ModelSubject<Model>,
    input: InputFrom<Model> | undefined,
  ) {
    this.#model = model;
    const [state, actions] = initialTransition(model, input as never);
    this.state = state;
    this.#firstActions = namesOf(actions);
  }

  async begin(): Promise<void> {
    await this.#check({ event: null, before: null, state: this.state, actions: this.#firstActions });
  }

  async take(event: EventFrom<Model>): Promise<void> {
    const before = this.state;
    const [state, actions] = transition(this.#model, before as never, event);
    this.state = state;
    const { type } = event as EventObject;
    const tell = this.subject.events[type as EventFrom<Model>["type"]] as
      ((event: EventFrom<Model>, state: SnapshotFrom<Model>) => void | Promise<void>) | undefined;
    if (tell === undefined)
      throw new Error(
        `${this.#way()} comes ${valueText(event)}, and the model's event ${type} has no handler in the subject's events: give it one.`,
      );
    this.#told.push(valueText(event));
    await this.#explained(() => tell(event, before));
    await this.#check({ event, before, state: this.state, actions: namesOf(actions) });
  }

  async #check(step: ModelStep<Model>): Promise<void> {
    const snapshot = asSnapshot(this.state);
    const asked = Object.entries(this.subject.states).filter(([name]) => snapshot.matches(name as never));
    if (asked.length === 0) {
      const value = JSON.stringify(snapshot.value);
      throw new Error(
        `${this.#way()} the model's state ${value} has no assertion in the subject's states: give it one.`,
      );
    }
    for (const [, compare] of asked) await this.#explained(() => compare(step));
  }

  #way(): string {
    return this.#told.length === 0 ? "At the beginning" : `After ${this.#told.join(", ")}`;
  }

  async #explained(ask: () => void | Promise<void>): Promise<void> {
    try {
      await ask();
    } catch (error) {
      const where = `the model is in ${stateText(this.state)}`;
      throw new Error(`${this.#way()} ${where}, and its subject is not: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }
}

/** What every snapshot of a machine is, whichever machine's. */
function asSnapshot(state: unknown): AnyMachineSnapshot {
  return state as AnyMachineSnapshot;
}

function namesOf(actions: readonly { readonly type: string }[]): string[] {
  return actions.map(({ type }) => type).filter((type) => !type.startsWith("xstate."));
}

/** Whatever a machine names, as events without anything in them. */
function plainCases<Model extends AnyStateMachine>(model: Model): readonly EventFrom<Model>[] {
  const types = (model.events as readonly string[]).filter((type) => !type.includes("*"));
  return types.map((type) => ({ type }) as EventFrom<Model>);
}

function pairOf(state: unknown, event: EventObject): TransitionPair {
  return { state: stateText(state), event: valueText(event) };
}
