// Reads the journal for what became of a call. Changes nothing; what is not in the ring any more is not told.

import type { CallStep, CallStory } from "../contract/call-story.js";
import type { Status } from "../contract/status.js";
import type { Journal, JournalEntry } from "../dispatch/journal.js";
import { errorTable, isErrorCode } from "../errors.js";
import type { InstanceId } from "../ids.js";
import type { Clock } from "../time.js";

export interface SpawnedWorker {
  readonly workerId: string;
  readonly generation: number;
  readonly pid: number;
}

/** More than the journal can hold entries of, unless workers are started without end. */
const maxSpawned = 4096;

/** The processes that were started, the oldest forgotten: dispatch knows them by number alone. */
export class SpawnedWorkers extends Map<InstanceId, SpawnedWorker> {
  add(instance: InstanceId, worker: SpawnedWorker): void {
    this.set(instance, worker);
    for (const oldest of this.keys()) {
      if (this.size <= maxSpawned) return;
      this.delete(oldest);
    }
  }
}

export interface StorySources {
  readonly journal: Journal;
  readonly clock: Clock;
  /** The processes that there are and were. */
  readonly spawned: ReadonlyMap<InstanceId, SpawnedWorker>;
  readonly status: Status;
}

const stepOf = {
  enqueue: "waited",
  accept: "accepted",
  reject: "refused",
  dispatch: "dispatched",
  cancel: "cancelSent",
  settle: "answered",
  late: "lateAnswer",
  release: "slotFreed",
} as const satisfies Partial<Record<JournalEntry["kind"], CallStep["step"]>>;

function isOfCall(kind: JournalEntry["kind"]): kind is keyof typeof stepOf {
  return kind in stepOf;
}

/** The calls with that number, the supervisor's own or their callers', newest first. */
export function tellCalls(sources: StorySources, requestId: number | bigint): readonly CallStory[] {
  const byCall = new Map<string, JournalEntry[]>();
  const wanted = new Set<string>();
  let refusedAtOnce = 0;
  for (const entry of sources.journal.entries()) {
    if (!isOfCall(entry.kind)) continue;
    // A call that was refused at once has no number of the supervisor's.
    const key = entry.callId === 0 ? `refused ${String(++refusedAtOnce)}` : String(entry.callId);
    const entries = byCall.get(key);
    if (entries === undefined) byCall.set(key, [entry]);
    else entries.push(entry);
    const isNamed = entry.functionName !== "" && sameNumber(entry.requestId, requestId);
    if (isNamed || (entry.callId !== 0 && sameNumber(entry.callId, requestId))) wanted.add(key);
  }
  return [...wanted].flatMap((key) => tell(sources, byCall.get(key) ?? [])).sort((a, b) => b.atMs - a.atMs);
}

function sameNumber(a: number | bigint, b: number | bigint): boolean {
  return a === b || BigInt(a) === BigInt(b);
}

function tell(sources: StorySources, entries: readonly JournalEntry[]): CallStory[] {
  const request = entries.find(({ functionName }) => functionName !== "");
  const [first] = entries;
  // Its beginning was overwritten: who called what is not known any more.
  if (request === undefined || first === undefined) return [];
  const { status, clock } = sources;
  const { functionName } = request;
  const exported = status.functions.find(({ name }) => name === functionName);
  const kinds = new Set(entries.map(({ kind }) => kind));
  return [
    {
      requestId: first.callId === 0 ? null : first.callId,
      connection: request.callerId,
      hostRequestId: request.requestId,
      functionName,
      pool: exported?.pool ?? null,
      atMs: Math.round(clock.wallMs() - (clock.now() - first.atMs)),
      isOver: kinds.has("reject") || kinds.has("release"),
      steps: entries.map((entry) => stepOfEntry(sources, entry, first.atMs)),
      functionBreaker: exported?.breaker ?? null,
      poolBreaker: status.pools.find(({ name }) => name === exported?.pool)?.breaker ?? null,
    },
  ];
}

function stepOfEntry({ spawned }: StorySources, entry: JournalEntry, startMs: number): CallStep {
  const { kind, atMs, instance, code, deadlineMs, reason } = entry;
  const step = isOfCall(kind) ? stepOf[kind] : "accepted";
  const worker = spawned.get(instance);
  const hasOutcome = step === "refused" || step === "answered";
  return {
    step,
    afterMs: Math.round((atMs - startMs) * 1000) / 1000,
    ...(worker === undefined
      ? {}
      : { worker: worker.workerId, generation: worker.generation, pid: worker.pid }),
    ...(step === "waited" || step === "accepted" ? { leftMs: deadlineMs } : {}),
    ...(hasOutcome ? { code } : {}),
    ...(hasOutcome && isErrorCode(code) ? { name: errorTable[code].name, message: reason } : {}),
  };
}
