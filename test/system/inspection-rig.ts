// A supervisor's real machines with an inspection on them, and readers of it under credit, as a link has them.

import type { InspectionEvent } from "../../src/contract/inspection.js";
import type { Caller, CallFailure, StreamCaller } from "../../src/dispatch/call.js";
import { CallerShare } from "../../src/dispatch/caller-share.js";
import { Journal } from "../../src/dispatch/journal.js";
import type { Log } from "../../src/log.js";
import { decodeValue } from "../../src/protocol/values.js";
import { Inspection } from "../../src/system/inspection.js";
import { ReservedStreams } from "../../src/system/reserved-streams.js";
import { Picture } from "../support/picture.js";
import { createSupervisorRig, type PlanOfTest } from "../machines/supervisor/rig.js";

export type ItemOf<Type extends InspectionEvent["type"]> = Extract<InspectionEvent, { type: Type }>;

export class InspectionReader implements Caller {
  readonly callerId = 1;
  readonly share = new CallerShare();
  readonly items: InspectionEvent[] = [];
  readonly picture = new Picture();
  /** "ended" or an error's code. */
  said: string | undefined;
  /** Whether it takes whatever comes, at once. */
  isEager = true;
  readonly #streams: ReservedStreams;
  #granted = 64;

  constructor(rig: { readonly clock: ConstructorParameters<typeof ReservedStreams>[1] }) {
    this.#streams = new ReservedStreams(this, rig.clock);
  }

  open(inspection: Inspection): CallFailure | null {
    return this.#streams.open(1, inspection.source(), undefined);
  }

  close(): void {
    this.#streams.stop(1);
  }

  grant(): void {
    this.#granted += 1;
    this.#streams.acknowledge(1, this.items.length - 1, 1);
  }

  of<Type extends InspectionEvent["type"]>(type: Type): readonly ItemOf<Type>[] {
    return this.items.filter((item) => item.type === type) as ItemOf<Type>[];
  }

  readonly streams: StreamCaller = {
    refusalOf: () => null,
    started: () => undefined,
    chunk: (_, __, data) => {
      const item = decodeValue(data) as InspectionEvent;
      this.items.push(item);
      this.picture.take(item);
      if (this.isEager) this.grant();
      return null;
    },
    ended: () => (this.said = "ended"),
  };

  succeed(): void {
    this.said = "succeeded";
  }

  fail(_: unknown, { code }: CallFailure): void {
    this.said = String(code);
  }
}

export function createInspectionRig(pools: readonly PlanOfTest[] = [{ name: "app", workers: 1 }]) {
  const supervisor = createSupervisorRig(pools);
  const { actor, clock } = supervisor;
  let observers = 0;
  const { inspect } = actor.system;
  actor.system.inspect = (observer) => {
    observers += 1;
    const { unsubscribe } = inspect(observer);
    return {
      unsubscribe: () => {
        observers -= 1;
        unsubscribe();
      },
    };
  };
  const logged: string[] = [];
  const none = (): void => undefined;
  const log: Log = { debug: none, info: none, warn: none, error: (message) => logged.push(message) };
  const journal = new Journal(64);
  const supervisorId = "0123456789abcdef0123456789abcdef";
  const inspection = new Inspection({ root: actor, journal, clock, log, supervisorId });
  const watch = (reader = new InspectionReader(supervisor)) => {
    const refusal = reader.open(inspection);
    if (refusal !== null) throw new Error(refusal.message);
    return reader;
  };
  return {
    ...supervisor,
    journal,
    inspection,
    logged,
    watch,
    /** What the inspection has attached to: XState's observers and the journal's. */
    attached: () => [observers, journal.observer === null ? 0 : 1],
  };
}
