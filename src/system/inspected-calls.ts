// Some of the calls, as actors of the call chart that take what the journal says: for whoever watches to see what a call
// goes through, and a look at whether dispatch keeps to its specification. Stands in the path of calls while it runs.

import type { InspectionFact } from "../contract/inspection.js";
import type { Journal, JournalFact } from "../dispatch/journal.js";
import { messageOf } from "../errors.js";
import type { Log } from "../log.js";
import { CallLockStep } from "./call-lock-step.js";
import { InspectedActors } from "./inspected-actors.js";

/** New ones in a second: more than an eye follows, and little beside the calls themselves. */
const maxPerSecond = 50;
/** At a time. Calls may last for hours: for a new one the oldest is let go, so that each has its turn to be seen. */
const maxLive = 64;

export interface InspectedCallsPorts {
  readonly journal: Journal;
  readonly log: Log;
  /** What the ids of this supervisor's actors begin with. */
  readonly prefix: string;
  /** Under which actor calls are shown. */
  readonly parentId: string;
  readonly tell: (fact: InspectionFact) => void;
}

interface Followed {
  readonly step: CallLockStep;
  readonly actors: InspectedActors;
}

export class InspectedCalls {
  readonly #ports: InspectedCallsPorts;
  readonly #live = new Map<number, Followed>();
  #refused = 0;
  #windowAtMs = -Infinity;
  #begun = 0;

  constructor(ports: InspectedCallsPorts) {
    this.#ports = ports;
  }

  start(): void {
    this.#ports.journal.observer = (fact) => {
      try {
        this.#take(fact);
      } catch (error) {
        this.stop();
        this.#ports.log.error(`Calls are shown to nobody any more: ${messageOf(error)}`);
      }
    };
  }

  /** Forgets the calls that it follows. */
  stop(): void {
    this.#ports.journal.observer = null;
    this.#live.clear();
  }

  /** Those that are followed now. */
  introductions(): readonly InspectionFact[] {
    return [...this.#live.values()].map(({ step, actors }) => actors.introduce(step.actor));
  }

  #take(fact: JournalFact): void {
    const { kind, callId } = fact;
    const known = this.#live.get(callId);
    const isFirst = kind === "accept" || kind === "enqueue" || kind === "reject";
    const followed = known ?? (isFirst && this.#mayBegin(fact) ? this.#begin(fact) : undefined);
    if (followed === undefined) return;
    const difference = followed.step.take(fact);
    if (difference === null && !followed.step.isOver) return;
    this.#live.delete(callId);
    if (difference === null) return;
    const actorId = this.#idOf(fact);
    this.#ports.tell({ type: "step.refused", actorId, message: difference });
    // Readers hear that this actor is gone, too.
    followed.step.actor.stop();
    this.#ports.log.error(`A call went another way than its chart allows: ${difference}`, { call: callId });
  }

  #mayBegin({ atMs }: JournalFact): boolean {
    if (atMs - this.#windowAtMs >= 1000) {
      this.#windowAtMs = atMs;
      this.#begun = 0;
    }
    return ++this.#begun <= maxPerSecond;
  }

  #begin(fact: JournalFact): Followed {
    const { callId, functionName, requestId } = fact;
    if (callId === 0) this.#refused += 1;
    const actorId = this.#idOf(fact);
    const actors = new InspectedActors({
      idOf: () => actorId,
      parentIdOf: () => this.#ports.parentId,
      nameOf: () => `${functionName} #${String(requestId)}`,
    });
    const step = new CallLockStep((event) => {
      const told = actors.factOf(event);
      if (told !== null) this.#ports.tell(told);
    });
    const followed = { step, actors };
    // One that never held a slot nor waited for one has no number, and is over with its one entry.
    if (callId === 0) return followed;
    if (this.#live.size >= maxLive) this.#letGo();
    this.#live.set(callId, followed);
    return followed;
  }

  /** Of the oldest is shown that it is followed no more. */
  #letGo(): void {
    for (const [callId, { step }] of this.#live) {
      this.#live.delete(callId);
      step.actor.stop();
      return;
    }
  }

  #idOf({ callId }: JournalFact): string {
    const { prefix } = this.#ports;
    return callId === 0 ? `${prefix}/refused:${String(this.#refused)}` : `${prefix}/call:${String(callId)}`;
  }
}
