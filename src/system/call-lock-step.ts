// One call's entries of the journal, taken by an actor of the call chart as they come: dispatch and its specification in
// lock-step. Says where they differ; what is done about it is for whoever follows the call.

import { createActor, type Actor, type InspectionEvent } from "xstate";
import type { JournalEntry } from "../dispatch/journal.js";
import { callEventOf } from "../machines/call/journal-events.js";
import { callMachine } from "../machines/call/machine.js";

/** What of an entry moves the chart; its code is shown with the event. */
export type CallStep = Pick<JournalEntry, "kind" | "instance"> & Partial<Pick<JournalEntry, "code">>;

export class CallLockStep {
  readonly actor: Actor<typeof callMachine>;
  readonly #taken: string[] = [];
  #instance = 0;

  /** `inspect` sees the actor from its creation on, and must not throw. */
  constructor(inspect?: (event: InspectionEvent) => void) {
    this.actor = createActor(callMachine, inspect === undefined ? {} : { inspect }).start();
  }

  /** The name of the state. */
  get state(): string {
    return this.actor.getSnapshot().value;
  }

  /** True once nothing more can come: refused, or settled. */
  get isOver(): boolean {
    return this.actor.getSnapshot().status === "done";
  }

  /** Returns null, or what the chart does not allow: a sentence. Then the chart has not moved. */
  take({ kind, instance, code = 0 }: CallStep): string | null {
    const type = callEventOf(kind);
    if (type === undefined) return null;
    // What a process says of a call that is over, or was never its, is about no call.
    if (kind === "late" && instance !== this.#instance) return null;
    if (kind === "dispatch") this.#instance = instance;
    if (kind === "release") this.#instance = 0;
    if (!this.actor.getSnapshot().can({ type })) {
      const before = this.#taken.length === 0 ? "nothing" : this.#taken.join(", ");
      return `The call chart is in ${this.state} and takes no ${type} there, which dispatch has done; before it came ${before}.`;
    }
    this.#taken.push(kind);
    const event = { type, ...(instance === 0 ? {} : { instance }), ...(code === 0 ? {} : { code }) };
    this.actor.send(event);
    return null;
  }
}
