// Asks a ready worker for its health at a steady pace and reports answers and misses. A miss counts only for a worker
// that has answered before and has no call within its deadline: a busy worker is not a sick one.

import { fromCallback, type AnyEventObject, type CallbackActorLogic } from "xstate";
import type { InstanceId } from "../ids.js";
import type { HealthFact, WornFact } from "../machines/worker/events.js";
import type { InstanceInput } from "../machines/worker/context.js";
import type { Clock, TimerHandle } from "../time.js";
import { rssBytesOf } from "./process-memory.js";
import type { ProcessRegistry } from "./process-registry.js";

export interface HeartbeatPorts {
  readonly clock: Clock;
  readonly registry: ProcessRegistry;
  /** Infinity: nobody is asked. */
  readonly intervalMs: number;
  readonly isBusy: (instance: InstanceId) => boolean;
  /** Resident memory above which a worker of that pool should be replaced; Infinity for no limit. */
  readonly maxRssBytes: (pool: string) => number;
}

export function createHeartbeatActor(
  ports: HeartbeatPorts,
): CallbackActorLogic<AnyEventObject, InstanceInput> {
  return fromCallback<AnyEventObject, InstanceInput>(({ input, sendBack }) => {
    const { clock, registry, intervalMs } = ports;
    const entry = registry.get(input.instance);
    const report: (fact: HealthFact | WornFact) => void = sendBack;
    if (entry === undefined || intervalMs === Infinity) return undefined;
    const maxRssBytes = ports.maxRssBytes(input.pool);
    let askedAtMs: number | null = null;
    let hasAnswered = false;
    let misses = 0;
    let timer: TimerHandle;
    entry.onHealthStatus = () => {
      if (askedAtMs === null) return;
      const lagMs = clock.now() - askedAtMs;
      askedAtMs = null;
      hasAnswered = true;
      misses = 0;
      report({ type: "health.answered", lagMs });
      const rssBytes = maxRssBytes === Infinity ? null : rssBytesOf(entry.child.pid ?? 0);
      if (rssBytes === null || rssBytes <= maxRssBytes) return;
      const [used, most] = [rssBytes, maxRssBytes].map((bytes) => String(Math.round(bytes / 1_048_576)));
      report({ type: "use.exceeded", reason: `it holds ${String(used)} MiB of ${String(most)}` });
    };
    const beat = (): void => {
      timer = clock.setTimeout(beat, intervalMs);
      if (askedAtMs === null) {
        askedAtMs = clock.now();
        entry.outbox?.send({ type: "HealthCheck" });
      } else if (ports.isBusy(input.instance)) {
        misses = 0;
      } else if (hasAnswered) {
        misses += 1;
        report({ type: "health.missed", misses });
      }
    };
    beat();
    return () => {
      clock.clearTimeout(timer);
      entry.onHealthStatus = null;
    };
  });
}
