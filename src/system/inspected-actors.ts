// From what XState tells of its actors to what readers are told. The one file that looks at what XState keeps to itself:
// an actor's parent and logic, and which transitions a step took.

import {
  isMachineSnapshot,
  StateMachine,
  type AnyActorRef,
  type AnyStateMachine,
  type AnyTransitionDefinition,
  type InspectionEvent as XstateEvent,
} from "xstate";
import type { InspectionFact, Shown, ShownSnapshot, ShownTransition } from "../contract/inspection.js";
import { messageOf } from "../errors.js";
import { shown, shownText } from "./inspected-values.js";

interface Inner {
  readonly _parent?: AnyActorRef;
  readonly logic?: unknown;
  readonly id: string;
}

/** How actors are called here: by ids with a prefix, and where the top one of a tree belongs to another actor, below that. */
export interface Naming {
  readonly idOf: (actor: AnyActorRef) => string;
  /** Of an actor that has no parent. */
  readonly parentIdOf: (actor: AnyActorRef) => string | null;
  readonly nameOf: (actor: AnyActorRef, chart: AnyStateMachine | null) => string;
}

export function chartOf(actor: AnyActorRef): AnyStateMachine | null {
  const { logic } = actor as unknown as Inner;
  return logic instanceof StateMachine ? (logic as AnyStateMachine) : null;
}

/** Every actor that lives below `root` and the root itself, parents first. */
export function* livingActors(root: AnyActorRef): Generator<AnyActorRef> {
  const snapshot: unknown = root.getSnapshot();
  if ((snapshot as { readonly status?: unknown } | undefined)?.status !== "active") return;
  yield root;
  const { children } = snapshot as { readonly children?: Readonly<Record<string, AnyActorRef | undefined>> };
  for (const child of Object.values(children ?? {})) if (child !== undefined) yield* livingActors(child);
}

export class InspectedActors {
  readonly #naming: Naming;

  constructor(naming: Naming) {
    this.#naming = naming;
  }

  /** Of one that lives already. */
  introduce(actor: AnyActorRef): InspectionFact {
    return this.#started(actor, this.#snapshot(actor.getSnapshot()));
  }

  #started(actor: AnyActorRef, snapshot: ShownSnapshot | null): InspectionFact {
    const chart = chartOf(actor);
    const parent = (actor as unknown as Inner)._parent;
    return {
      type: "actor.started",
      actorId: this.#naming.idOf(actor),
      parentId: parent === undefined ? this.#naming.parentIdOf(actor) : this.#naming.idOf(parent),
      name: this.#naming.nameOf(actor, chart),
      chart: chart?.id ?? null,
      snapshot,
    };
  }

  /** Null for what nobody is told. */
  factOf(event: XstateEvent): InspectionFact | null {
    const actor = event.actorRef as AnyActorRef;
    switch (event.type) {
      case "@xstate.actor":
        // It has no snapshot yet, and may not be asked for one.
        return this.#started(actor, null);
      case "@xstate.event": {
        const source = event.sourceRef as AnyActorRef | undefined;
        return {
          type: "event.received",
          actorId: this.#naming.idOf(actor),
          sourceId: source === undefined ? null : this.#naming.idOf(source),
          event: this.#shown(event.event),
        };
      }
      case "@xstate.microstep":
        return {
          type: "transition.taken",
          actorId: this.#naming.idOf(actor),
          event: shownText(event.event.type),
          transitions: event._transitions.flatMap((taken) => transitionOf(taken)),
          value: this.#shown("value" in event.snapshot ? event.snapshot.value : null),
        };
      case "@xstate.snapshot":
        return {
          type: "snapshot.changed",
          actorId: this.#naming.idOf(actor),
          event: this.#shown(event.event),
          snapshot: this.#snapshot(event.snapshot) ?? { status: "active" },
        };
      default:
        return null;
    }
  }

  /** Null while the actor is being made and has none. */
  #snapshot(snapshot: unknown): ShownSnapshot | null {
    if (typeof snapshot !== "object" || snapshot === null || !("status" in snapshot)) return null;
    const { status, output, error } = snapshot as {
      status: ShownSnapshot["status"];
      output?: unknown;
      error?: unknown;
    };
    return {
      status,
      ...(isMachineSnapshot(snapshot)
        ? { value: this.#shown(snapshot.value), context: this.#shown(snapshot.context) }
        : {}),
      ...(output === undefined ? {} : { output: this.#shown(output) }),
      ...(status === "error" ? { error: shownText(messageOf(error)) } : {}),
    };
  }

  #shown(value: unknown): Shown {
    return shown(value, (each) => (isActor(each) ? this.#naming.idOf(each) : undefined));
  }
}

function isActor(value: object): value is AnyActorRef {
  return "sessionId" in value && "getSnapshot" in value && typeof value.getSnapshot === "function";
}

interface Edge {
  readonly source: AnyStateMachine["root"];
  readonly eventType: string;
  readonly target: readonly { readonly id: string }[] | undefined;
}

/** Nothing for the way into the first state, which is no edge of the chart. */
function transitionOf(taken: AnyTransitionDefinition): readonly ShownTransition[] {
  const { source, eventType, target } = taken as Edge;
  const candidates: readonly unknown[] | undefined =
    eventType === "" ? source.always : source.transitions.get(eventType);
  const index = candidates?.indexOf(taken) ?? -1;
  if (index < 0) return [];
  return [{ source: source.id, event: eventType, index, targets: target?.map(({ id }) => id) ?? [] }];
}
