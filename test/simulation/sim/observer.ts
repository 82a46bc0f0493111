// What is seen inside the charts of a run: which states and transitions were taken, which events nobody took, and calls
// that were sent to a worker that its chart had withdrawn. Nothing goes another way because it looks.

import type { AnyStateMachine, InspectionEvent } from "xstate";
import { ignoredEvents } from "../ignored-events.js";
import type { Seen } from "./report.js";
import { RestartWatch } from "./restarts.js";
import type { World } from "./world.js";

type Node = AnyStateMachine["root"];
type Transition = Node["transitions"] extends ReadonlyMap<string, (infer Of)[]> ? Of : never;

const patterns = ignoredEvents.map(([chart, state, event]) => `${chart} ${state} ${event}`);

function isIgnored(where: string): boolean {
  return patterns.some((pattern) => {
    const [start = "", end] = pattern.split("*");
    return end === undefined ? where === pattern : where.startsWith(start) && where.endsWith(end);
  });
}

/** States in which a worker may get calls; it is attached on entering `ready`, before its chart says that it is there. */
const mayGetCalls = new Set(["starting", "ready"]);

export class Observer {
  readonly #states = new Set<string>();
  readonly #transitions = new Set<string>();
  /** Events that nothing took, rightly. */
  readonly #ignored = new Set<string>();
  readonly #machines = new Map<string, AnyStateMachine>();
  /** Those of this run whose names are in the sets above: charts are made anew for each. */
  readonly #known = new WeakSet<Node | Transition>();

  /** For one run. */
  watch(): (world: World, event: InspectionEvent) => void {
    const stateOf = new Map<number, string>();
    let restarts: RestartWatch | null = null;
    return (world, event) => {
      if (restarts === null) {
        restarts = watchRestarts(world);
        world.onEntry = (kind, callId, instance) => {
          const state = stateOf.get(instance);
          if (kind === "dispatch" && state !== undefined && !mayGetCalls.has(state))
            world.sim.fail(
              new Error(
                `Call ${String(callId)} went to process ${String(instance)}, which is ${state} (G14).`,
              ),
            );
        };
      }
      if (event.type !== "@xstate.microstep") return;
      const { logic, id } = event.actorRef as unknown as { logic: AnyStateMachine; id: string };
      const snapshot = event.snapshot as unknown as {
        readonly _nodes: readonly Node[];
        readonly value: unknown;
        readonly context: { readonly instance?: number; readonly plan?: { readonly name: string } };
      };
      this.#machines.set(logic.id, logic);
      for (const node of snapshot._nodes) if (this.#isNew(node)) this.#states.add(nameOf(logic, node));
      const taken = event._transitions as readonly Transition[];
      for (const each of taken) if (this.#isNew(each)) this.#transitions.add(transitionName(logic, each));
      const { type } = event.event;
      const state = leafOf(snapshot._nodes);
      if (taken.length === 0 && !type.startsWith("xstate.init") && type !== "xstate.stop") {
        const where = `${logic.id} ${state} ${type}`;
        if (!this.#ignored.has(where) && !isIgnored(where))
          world.sim.fail(new Error(`A chart does not take an event: ${where}`));
        else this.#ignored.add(where);
      }
      restarts.saw({
        ...{ chart: logic.id, id, pool: snapshot.context.plan?.name ?? "", event: event.event },
        ...{ state, atMs: world.sim.nowMs },
      });
      if (logic.id === "worker" && snapshot.context.instance !== undefined)
        stateOf.set(snapshot.context.instance, phaseOf(snapshot.value));
    };
  }

  #isNew(one: Node | Transition): boolean {
    if (this.#known.has(one)) return false;
    this.#known.add(one);
    return true;
  }

  /** Of all runs together. */
  seen(): Omit<Seen, "fired" | "cpuMs"> {
    const allStates: string[] = [];
    const allTransitions: string[] = [];
    for (const machine of this.#machines.values()) {
      const visit = (node: Node): void => {
        allStates.push(nameOf(machine, node));
        for (const group of node.transitions.values())
          for (const each of group) allTransitions.push(transitionName(machine, each));
        for (const child of Object.values(node.states)) visit(child);
      };
      visit(machine.root);
    }
    return {
      states: [...this.#states],
      transitions: [...this.#transitions],
      allStates,
      allTransitions,
      unhandled: [...this.#ignored],
    };
  }
}

/** The first that is seen happens while the system is being put together. */
function watchRestarts(world: World): RestartWatch {
  return new RestartWatch(
    world.config.restart,
    (instance) => world.system.dispatcher.gates.chargeOf(instance).isQuarantined,
    (error) => {
      world.sim.fail(error);
    },
  );
}

function nameOf({ id }: AnyStateMachine, node: Node): string {
  return [id, ...node.path].join(".");
}

/** The last is which of them it is, where guards choose among several. */
function transitionName(machine: AnyStateMachine, transition: Transition): string {
  const { source, eventType } = transition;
  const group = source.transitions.get(eventType) ?? [];
  const at = group.findIndex(
    ({ target, guard }) =>
      String(target?.map(({ id }) => id)) === targetsOf(transition) && guard === transition.guard,
  );
  return `${nameOf(machine, source)} ${eventType}${group.length > 1 ? ` ${String(at + 1)}` : ""}`;
}

function targetsOf({ target }: Transition): string {
  return String(target?.map(({ id }) => id));
}

function leafOf(nodes: readonly Node[]): string {
  const leaves = nodes.filter(({ type }) => type === "atomic" || type === "final");
  return leaves.map(({ path }) => path.join(".")).join("+");
}

/** The state of a worker's chart below `alive`, or that beside it. */
function phaseOf(value: unknown): string {
  if (typeof value === "string") return value;
  const alive = (value as { readonly alive?: unknown }).alive;
  if (typeof alive === "string") return alive;
  return Object.keys(alive ?? {})[0] ?? "";
}
