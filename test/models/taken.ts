// Which transitions of real charts were taken while models walked, and which never were. Reads xstate's inspection; the
// one file of the tests that looks at what a microstep calls `_transitions`.

import type { AnyStateMachine, AnyTransitionDefinition, InspectionEvent } from "xstate";

type Node = AnyStateMachine["root"];

/** "alive.ready --worker.stop[0]--> alive.stopping": the source, the event and which of its candidates. */
function nameOf(transition: AnyTransitionDefinition): string {
  const { source, eventType, target } = transition;
  const own = eventType === "" ? (source.always ?? []) : (source.transitions.get(eventType) ?? []);
  const at = own.length > 1 ? `[${String(own.indexOf(transition))}]` : "";
  const to = target?.map(({ id }) => id).join(" + ") ?? "itself";
  return `${source.id} --${shown(eventType)}${at}--> ${to}`;
}

/** "xstate.after.drain.worker.alive.leaving" is long, and says the source again. */
function shown(eventType: string): string {
  return eventType === "" ? "always" : eventType.replace(/^xstate\.after\.(\w+)\..*$/, "after $1");
}

/** Remembers what every machine of the actors that it inspects has taken. */
export class Taken {
  readonly #names = new Set<string>();

  readonly inspect = (event: InspectionEvent): void => {
    if (event.type !== "@xstate.microstep") return;
    for (const transition of event._transitions) this.#names.add(nameOf(transition));
  };

  /** The transitions that `machine` has, parted into those that were taken and those that were not. */
  of(machine: AnyStateMachine): { readonly taken: string[]; readonly left: string[] } {
    const all = transitionsOf(machine.root);
    return {
      taken: all.filter((name) => this.#names.has(name)),
      left: all.filter((name) => !this.#names.has(name)),
    };
  }
}

function transitionsOf(node: Node): string[] {
  const own = [...[...node.transitions.values()].flat(), ...(node.always ?? [])].map(nameOf);
  return [...own, ...Object.values(node.states).flatMap((inner) => transitionsOf(inner))];
}
