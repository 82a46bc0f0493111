// What dispatch and supervision decided, newest last, in a ring of columns: a few stores per entry and no garbage,
// so it runs in production as it runs under the history checker. Knows nothing of who reads it, now or later.

import type { CallId, InstanceId } from "../ids.js";

/** The kinds of entry. `enqueue` has a call wait for a slot, until its accept or reject. `stream`: the first sign of a stream; `cancel` went to a worker; `settle` answers the caller, `credit` takes back what a stream's worker was granted, `release` frees the call's slot. */
export const journalKinds = [
  "enqueue",
  "accept",
  "reject",
  "dispatch",
  "stream",
  "cancel",
  "settle",
  "credit",
  "release",
  "late",
  "spawn",
  "ready",
  "drain",
  "exit",
] as const;
export type JournalKind = (typeof journalKinds)[number];

export interface JournalEntry {
  readonly kind: JournalKind;
  readonly atMs: number;
  /** 0 where the entry is not about a call that was let in or had waited. */
  readonly callId: CallId;
  /** 0 where no process is concerned. */
  readonly instance: InstanceId;
  /** Error code of settle and reject, 0 for a result; the pid of spawn, ready and exit; of stream the window that it starts with, of credit the items that came. */
  readonly code: number;
  /** enqueue and accept: milliseconds until the deadline. */
  readonly deadlineMs: number;
  readonly functionName: string;
  /** Who called: a number per connection or embedding, and that caller's own request id. */
  readonly callerId: number;
  readonly requestId: number | bigint;
  /** reject and settle: what the caller was told, where it was no result. */
  readonly reason: string;
}

/** What the journal writes down of a call. */
interface Requested {
  readonly callId: CallId;
  readonly requestId: number | bigint;
  readonly caller: { readonly callerId: number };
  readonly target: { readonly name: string };
}

/** What is known of an entry as it is written. */
export type JournalFact = Omit<JournalEntry, "deadlineMs" | "reason">;

/** Names and reasons come from outside and are of any length. */
const maxNameChars = 256;

export class Journal {
  readonly #capacity: number;
  readonly #kind: Uint8Array;
  readonly #at: Float64Array;
  readonly #call: Float64Array;
  readonly #instance: Float64Array;
  readonly #code: Float64Array;
  readonly #deadline: Float64Array;
  readonly #caller: Float64Array;
  readonly #request: (number | bigint)[];
  readonly #name: string[];
  readonly #reason: string[];
  #written = 0;
  /** Hears of every entry as it is written; it is in the middle of a call, so that it must not throw. */
  observer: ((fact: JournalFact) => void) | null = null;

  /** Keeps the last `capacity` entries, about 90 bytes each; of a name or a reason its first 256 characters. */
  constructor(capacity = 8192) {
    this.#capacity = capacity;
    this.#kind = new Uint8Array(capacity);
    this.#at = new Float64Array(capacity);
    this.#call = new Float64Array(capacity);
    this.#instance = new Float64Array(capacity);
    this.#code = new Float64Array(capacity);
    this.#deadline = new Float64Array(capacity);
    this.#caller = new Float64Array(capacity);
    this.#request = new Array<number | bigint>(capacity).fill(0);
    this.#name = new Array<string>(capacity).fill("");
    this.#reason = new Array<string>(capacity).fill("");
  }

  record(
    kind: JournalKind,
    atMs: number,
    callId: number,
    instance: number,
    code = 0,
    deadlineMs = 0,
    functionName = "",
    callerId = 0,
    requestId: number | bigint = 0,
  ): void {
    const slot = this.#written++ % this.#capacity;
    this.#kind[slot] = journalKinds.indexOf(kind);
    this.#at[slot] = atMs;
    this.#call[slot] = callId;
    this.#instance[slot] = instance;
    this.#code[slot] = code;
    this.#deadline[slot] = deadlineMs;
    this.#caller[slot] = callerId;
    this.#request[slot] = requestId;
    this.#name[slot] = functionName.length > maxNameChars ? cut(functionName) : functionName;
    this.#reason[slot] = "";
    if (this.observer !== null) this.#tell(kind, slot);
  }

  #tell(kind: JournalKind, slot: number): void {
    this.observer?.({
      kind,
      atMs: this.#at[slot] ?? 0,
      callId: (this.#call[slot] ?? 0) as CallId,
      instance: (this.#instance[slot] ?? 0) as InstanceId,
      code: this.#code[slot] ?? 0,
      functionName: this.#name[slot] ?? "",
      callerId: this.#caller[slot] ?? 0,
      requestId: this.#request[slot] ?? 0,
    });
  }

  /** What the caller was told, with the entry that was recorded last. */
  explain(reason: string): void {
    this.#reason[(this.#written - 1) % this.#capacity] = reason.length > maxNameChars ? cut(reason) : reason;
  }

  /** How a call was let in, or not, and who called what. */
  recordRequest(
    kind: "enqueue" | "accept" | "reject",
    atMs: number,
    { callId, requestId, caller, target }: Requested,
    code: number,
    deadlineMs: number,
  ): void {
    this.record(kind, atMs, callId, 0, code, deadlineMs, target.name, caller.callerId, requestId);
  }

  /** True when older entries were overwritten, so that what is left is no whole history. */
  get hasWrapped(): boolean {
    return this.#written > this.#capacity;
  }

  /** Oldest first. */
  *entries(): Generator<JournalEntry> {
    const first = Math.max(0, this.#written - this.#capacity);
    for (let position = first; position < this.#written; position++) {
      const slot = position % this.#capacity;
      yield {
        kind: journalKinds[this.#kind[slot] ?? 0] ?? "accept",
        atMs: this.#at[slot] ?? 0,
        callId: (this.#call[slot] ?? 0) as CallId,
        instance: (this.#instance[slot] ?? 0) as InstanceId,
        code: this.#code[slot] ?? 0,
        deadlineMs: this.#deadline[slot] ?? 0,
        functionName: this.#name[slot] ?? "",
        callerId: this.#caller[slot] ?? 0,
        requestId: this.#request[slot] ?? 0,
        reason: this.#reason[slot] ?? "",
      };
    }
  }
}

/** By way of bytes: a plain slice would keep the whole name alive behind it. */
function cut(name: string): string {
  return Buffer.from(`${name.slice(0, maxNameChars - 1)}…`).toString();
}
