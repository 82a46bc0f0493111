// What a history is made of: what the callers saw, what the supervisor journalled, what the workers really ran.
// Each of the three logs is in its own order and on its own clock. Only types; nothing here knows the supervisor.

/** Who calls and under which number: the pair that the supervisor's journal carries too. Used once per history. */
interface Request {
  readonly callerId: number;
  readonly requestId: number | bigint;
  /** Milliseconds on the monotonic clock of whoever writes the log; compared within one log only. */
  readonly atMs: number;
}

export interface InvokeEvent extends Request {
  readonly kind: "invoke";
  readonly functionName: string;
  /** What the function writes to the execution log; one of its own for every invoke, retries too. Absent: it writes none. */
  readonly key?: string;
  /** Its items, if there are any, are in this log. */
  readonly streams?: boolean;
}

/** `code` 0 is a result, anything else an error; `key` is what the result says it was called with. */
export interface OutcomeEvent extends Request {
  readonly kind: "outcome";
  readonly code: number;
  readonly key?: string;
  /** How many items there were, by the word of whoever sent them. */
  readonly total?: number;
}

/** A stream began; of a caller that speaks frames. */
export interface StreamEvent extends Request {
  readonly kind: "stream";
  readonly window: number;
}

/** An item came, the one that says of itself that it is number `sequence`. */
export interface ChunkEvent extends Request {
  readonly kind: "chunk";
  readonly sequence: number;
  /** Of a caller that speaks frames. */
  readonly bytes?: number;
}

/** The caller acknowledged; an ack that breaks the rules grants nothing. */
export interface AckEvent extends Request {
  readonly kind: "ack";
  readonly sequence: number;
  readonly window: number;
}

/** What a caller did and got. `gone`: it went away, or lost its link, and may get no more outcomes. */
export type HostEvent =
  | InvokeEvent
  | OutcomeEvent
  | StreamEvent
  | ChunkEvent
  | AckEvent
  /** `isOwnLimit`: its reader would wait no longer for the next item, and hears 2001 of itself. */
  | ({ readonly kind: "cancel"; readonly isOwnLimit?: boolean } & Request)
  | { readonly kind: "gone"; readonly callerId: number; readonly atMs: number };

/**
 * accept or reject answer an invoke, at once or after an enqueue, while it waited for a slot. A call is then dispatched to one process at most; stream is the start of its stream; cancel is a Cancel that this
 * process was sent; settle gives its caller the answer, credit takes back what a stream's process was granted, release frees its slot, which may be later; late is an answer that came for nobody. The last four are the
 * life of one process.
 */
export type SupervisorEventKind =
  | "enqueue"
  | "accept"
  | "reject"
  | "dispatch"
  | "stream"
  | "cancel"
  | "settle"
  | "credit"
  | "release"
  | "late"
  | "spawn"
  | "ready"
  | "drain"
  | "exit";

/** One entry of the supervisor's journal, as it stands there; fields that a kind does not use are 0 or "". */
export interface SupervisorEvent {
  readonly kind: SupervisorEventKind;
  readonly atMs: number;
  /** The supervisor's own number of a call that was accepted or had to wait. */
  readonly callId: number;
  /** The number of one spawned process; 0 in a settle or release of a call that was never dispatched. */
  readonly instance: number;
  /** reject and settle: the error code, 0 for a result. spawn, ready, exit: the pid. stream: its window. credit: the items that came. */
  readonly code: number;
  /** enqueue and accept: milliseconds that the call may take, or Infinity. */
  readonly deadlineMs: number;
  /** enqueue, accept and reject. */
  readonly functionName: string;
  /** enqueue, accept and reject. */
  readonly callerId: number;
  /** enqueue, accept and reject. */
  readonly requestId: number | bigint;
}

/** A function's own word that it began, or ended, the work for a key, in the process `pid`. */
export interface WorkerEvent {
  readonly kind: "start" | "end";
  readonly key: string;
  readonly pid: number;
  readonly atMs: number;
}

export interface HistoryLimits {
  readonly maxInFlight: number;
  readonly maxInFlightPerFunction: number;
  /** Calls that may wait for a slot. Default 0. */
  readonly maxQueue?: number;
  /** How long one may, in milliseconds. Default Infinity. */
  readonly maxQueueWaitMs?: number;
}

export interface History {
  readonly host: readonly HostEvent[];
  readonly supervisor: readonly SupervisorEvent[];
  readonly worker: readonly WorkerEvent[];
  readonly limits: HistoryLimits;
  /** True when the system was at rest at the end, so that nothing more would have come. */
  readonly ended: boolean;
  /** How long after its deadline a call may be settled, and may wait after its time, in milliseconds. Default 250. */
  readonly settleSlackMs?: number;
}

export type Verdict = "lost" | "duplicated" | "unexpected" | "lied" | "late";
export type Guarantee = "G1" | "G2" | "G3" | "G4" | "G5" | "G6" | "G7" | "G8" | "G9" | "G10" | "G14" | "G15";

export interface Finding {
  readonly verdict: Verdict;
  readonly guarantee: Guarantee;
  readonly message: string;
  /** What it is about: "caller 1 request 7", "call 3", "key k9" or "instance 2". */
  readonly ref: string;
}

export interface Judgement {
  readonly findings: readonly Finding[];
  /** Findings by verdict; ok and unknown count the calls without one. */
  readonly counts: Readonly<Record<Verdict | "ok" | "unknown", number>>;
  /** The part of all invoked calls whose caller cannot know whether the function ran, 0 to 1. */
  readonly unknownRate: number;
}
