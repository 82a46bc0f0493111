// Draws the picture of the system: machines and dispatch in, Status out. Changes nothing.

import type { ActorRefFrom, SnapshotFrom } from "xstate";
import { rssBytesOf } from "../actors/process-memory.js";
import type { ProcessRegistry } from "../actors/process-registry.js";
import type { BreakerStatus, PoolStatus, Status, SupervisorState, WorkerStatus } from "../contract/status.js";
import type { Dispatcher } from "../dispatch/dispatcher.js";
import type { poolMachine } from "../machines/pool/machine.js";
import { poolActorId, type supervisorMachine } from "../machines/supervisor/machine.js";
import type { Gate } from "../dispatch/gate.js";
import type { workerMachine } from "../machines/worker/machine.js";
import type { Clock } from "../time.js";
import { version } from "../version.js";

/** Of a pool whose actor is not there yet. */
const nothing = { members: new Map<string, never>(), candidate: null, generation: 1 };

export interface StatusSources {
  readonly supervisor: SnapshotFrom<typeof supervisorMachine>;
  readonly hasFailed: boolean;
  readonly dispatcher: Dispatcher;
  readonly registry: ProcessRegistry;
  readonly clock: Clock;
  readonly startedAtMs: number;
  readonly serverId: string;
  readonly socket: string | null;
  readonly maxFrameBytes: number;
  readonly lastReloadError: string | null;
}

export function drawStatus(sources: StatusSources): Status {
  const { supervisor, dispatcher } = sources;
  return {
    state: sources.hasFailed ? "failed" : stateOf(supervisor.value),
    pid: process.pid,
    serverId: sources.serverId,
    socket: sources.socket,
    version,
    uptimeMs: Math.round(sources.clock.now() - sources.startedAtMs),
    limits: { maxFrameBytes: sources.maxFrameBytes },
    calls: { ...dispatcher.counters.snapshot(), active: dispatcher.inFlight },
    pools: [...supervisor.context.pools.keys()].map((name) => drawPool(name, sources)),
    functions: [...dispatcher.functions]
      .filter((state) => state.isExported)
      .map((state) => ({
        name: state.name,
        pool: state.pool,
        streaming: state.isStreaming,
        inFlight: state.inFlight,
        calls: state.calls,
        failed: state.failed,
        p50Us: state.latency.percentile(0.5),
        p99Us: state.latency.percentile(0.99),
        breaker: drawBreaker(state.gate),
      })),
    reload: { state: reloadState(sources), lastError: sources.lastReloadError },
  };
}

function drawBreaker(gate: Gate | null): BreakerStatus | null {
  return gate === null ? null : { state: gate.picture.state, retryAfterMs: gate.retryAfterMs };
}

function stateOf(value: StatusSources["supervisor"]["value"]): SupervisorState {
  return value === "stopping" || value === "refusing" || value === "startingRefusing" ? "draining" : value;
}

/** Of the first pool that is being reloaded. */
function reloadState(sources: StatusSources): string {
  for (const name of sources.supervisor.context.pools.keys()) {
    const value = poolOf(name, sources)?.getSnapshot().children.reload?.getSnapshot().value;
    if (value !== undefined && value !== "watching") return value;
  }
  return "watching";
}

function poolOf(name: string, { supervisor }: StatusSources): ActorRefFrom<typeof poolMachine> | undefined {
  return supervisor.children[poolActorId(name)];
}

function drawPool(name: string, sources: StatusSources): PoolStatus {
  const snapshot = poolOf(name, sources)?.getSnapshot();
  const workers: WorkerStatus[] = [];
  const { members, candidate, generation } = snapshot?.context ?? nothing;
  for (const memberId of [...members.keys(), ...(candidate?.workers.keys() ?? [])]) {
    const worker = snapshot?.children[memberId] as ActorRefFrom<typeof workerMachine> | undefined;
    if (worker !== undefined) workers.push(drawWorker(worker.getSnapshot(), sources));
  }
  const breaker = snapshot?.children.breaker?.getSnapshot().context.picture;
  const isTimed = breaker?.probeAtMs != null;
  return {
    name,
    breaker: {
      state: breaker?.state ?? "closed",
      retryAfterMs: isTimed ? Math.max(0, Math.ceil(breaker.probeAtMs - sources.clock.now())) : null,
    },
    generation,
    workers,
  };
}

function drawWorker(snapshot: SnapshotFrom<typeof workerMachine>, sources: StatusSources): WorkerStatus {
  const { context } = snapshot;
  const entry = sources.registry.get(context.instance);
  const inService = sources.dispatcher.workers.get(context.instance);
  const pid = entry?.child.pid ?? null;
  return {
    id: context.workerId,
    pid,
    generation: context.generation,
    state: leafOf(snapshot.value),
    inFlight: inService?.inFlight ?? 0,
    calls: inService?.calls ?? 0,
    rssBytes: pid === null ? null : rssBytesOf(pid),
    lagMs: Math.round(context.lagMs * 1000) / 1000,
    uptimeMs: entry === undefined ? 0 : Math.round(sources.clock.now() - entry.startedAtMs),
  };
}

/** The innermost state's name: {"alive": {"starting": "spawning"}} is "spawning". What a condemned one does is told as that. */
function leafOf(value: unknown): string {
  if (value === "owing") return "condemned";
  if (typeof value === "string") return value;
  if (typeof value === "object" && value !== null && "condemned" in value) return "condemned";
  return typeof value === "object" && value !== null ? leafOf(Object.values(value)[0]) : "unknown";
}
