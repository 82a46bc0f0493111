// Finds out of a worker with an overdue call whether it is stuck in that call: asks its guard where it is, and its main
// loop for its health. Says what it has seen, as one fact; what follows is the machine's business.

import { fromCallback, type AnyEventObject, type CallbackActorLogic } from "xstate";
import type { InstanceId } from "../ids.js";
import type { ExamineFact } from "../machines/worker/events.js";
import type { ExamineInput } from "../machines/worker/context.js";
import type { Clock } from "../time.js";
import type { WhereAnswer } from "./guard-link.js";
import type { ProcessRegistry } from "./process-registry.js";

/** A loop that goes on answers a health check within a turn, a guard within a tenth of this, on any machine. */
const patienceMs = 1000;

export interface ExaminePorts {
  readonly clock: Clock;
  readonly registry: ProcessRegistry;
  /** True while somebody still waits for a call of this process. */
  readonly isBusy: (instance: InstanceId) => boolean;
}

export function createExamineActor(ports: ExaminePorts): CallbackActorLogic<AnyEventObject, ExamineInput> {
  return fromCallback<AnyEventObject, ExamineInput>(({ input, sendBack }) => {
    const { clock, registry, isBusy } = ports;
    const report: (fact: ExamineFact) => void = sendBack;
    const entry = registry.get(input.instance);
    if (entry === undefined) return undefined;
    let place: WhereAnswer | null | undefined;
    let isResponsive = false;
    let isDone = false;
    const done = (): void => {
      if (isDone) return;
      isDone = true;
      clock.clearTimeout(timer);
      const seen = { place: place ?? null, isResponsive, isBusy: isBusy(input.instance) };
      report({ type: "worker.examined", stuck: judge(input, seen), isResponsive });
    };
    const timer = clock.setTimeout(done, patienceMs);
    entry.onHealthStatus = () => {
      isResponsive = true;
      if (place !== undefined) done();
    };
    entry.outbox?.send({ type: "HealthCheck" });
    void entry.guard.where().then((answer) => {
      place = answer;
      // What stands still in this very call will not answer the health check either.
      if (isResponsive || isIn(input, answer)) done();
    });
    return () => {
      isDone = true;
      clock.clearTimeout(timer);
      entry.onHealthStatus = null;
    };
  });
}

interface Seen {
  readonly place: WhereAnswer | null;
  readonly isResponsive: boolean;
  readonly isBusy: boolean;
}

function isIn({ functionName }: ExamineInput, place: WhereAnswer | null): place is WhereAnswer {
  return place !== null && place.lagMs > 0 && place.function === functionName;
}

/** Why it has to be killed now, as a clause after "because"; null lets its other calls end first. */
function judge(input: ExamineInput, { place, isResponsive, isBusy }: Seen): string | null {
  if (isIn(input, place)) {
    const where = place.file === null ? "" : ` at ${place.file}:${String(place.line)}`;
    return `${input.reason}, and is stuck in it${where}`;
  }
  return isResponsive || isBusy ? null : `${input.reason}, and answers nothing else either`;
}
