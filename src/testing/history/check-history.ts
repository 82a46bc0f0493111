// The history checker: three logs in, broken guarantees out. One pass over each log, hash maps only, no search, since
// keys and ids are unique. It knows the error table, and nothing of how the supervisor comes to its decisions.
//
// G1  a key starts once at most, and a call is dispatched once at most.
// G2  a live caller gets exactly one outcome; one answer per call, by deadline + slack; a refusal is of class N.
// G3  nothing is accepted, answered or run that nobody invoked; a result carries the key of its call.
// G4  a code of class N means that the function did not start.
// G5  a result means one start and one end, in the process that the call was dispatched to.
// G6  every other ending is a code of the table, the same for caller and journal; "may have run" is a rate.
// G7  only the process that a call was dispatched to can settle it, and its answer to an open call is not dropped.
// G8  the items of a stream are 0, 1, 2, …; nothing comes after its end; a normal end says how many there were, and after a
//     death, or a breach, there are as many as the supervisor passed on.
// G9  no item comes beyond what was granted, in number and in bytes, and every stream's credit is taken back, once.
// G10 slots, counted from accept to release, stay within both limits, and at rest none is taken; calls that wait for
//     one stay within the queue's.
// G14 a process that drains or has exited gets no more calls.
// G15 2002 needs a cancel or departure of the own caller, or a drain; 3002 needs a limit that is really reached and, where
//     there is a queue, no place in it, or a wait to its end.

import type { Finding, Guarantee, History, HostEvent, Judgement, Verdict } from "./events.js";
import type { SupervisorEvent, WorkerEvent } from "./events.js";
import {
  createCallRecord,
  isRefusal,
  isUnknown,
  judgeCall,
  type CallRecord,
  type Execution,
} from "./judge-call.js";
import { judgeStream, onStreamEntry, onStreamEvent, onStreamOutcome } from "./judge-stream.js";

/** Judges a whole history. Never throws: what is wrong is in `findings`, in the order in which it was found. */
export function checkHistory(history: History): Judgement {
  const checker = new Checker(history);
  for (const event of history.worker) checker.onWorker(event);
  for (const event of history.host) checker.onHost(event);
  for (const event of history.supervisor) checker.onSupervisor(event);
  return checker.judge();
}

class Checker {
  readonly #history: History;
  readonly #findings: Finding[] = [];
  readonly #calls = new Map<string, CallRecord>();
  readonly #byCallId = new Map<number, CallRecord>();
  readonly #byKey = new Map<string, CallRecord>();
  readonly #executions = new Map<string, Execution>();
  readonly #gone = new Set<number>();
  readonly #pids = new Map<number, number>();
  readonly #drained = new Set<number>();
  readonly #exited = new Set<number>();
  readonly #slots = new Map<string, number>();
  #slotsTaken = 0;
  #waiting = 0;

  constructor(history: History) {
    this.#history = history;
  }

  onWorker({ kind, key, pid }: WorkerEvent): void {
    const run = this.#executions.get(key) ?? { starts: 0, ends: 0, pid };
    this.#executions.set(key, run);
    if (kind === "end") run.ends += 1;
    else if (++run.starts > 1) this.#add("duplicated", "G1", `key ${key}`, "it started more than once");
  }

  onHost(event: HostEvent): void {
    if (event.kind === "gone") {
      this.#gone.add(event.callerId);
      return;
    }
    const call = this.#callOf(event);
    if (event.kind === "cancel") {
      call.isCancelled = true;
      if (event.isOwnLimit === true) call.isGivenUp = true;
    } else if (event.kind === "outcome") {
      this.#flagAll(call, onStreamOutcome(call.stream, event));
      this.#onOutcome(call, event.code, event.key);
    } else if (event.kind !== "invoke") this.#flagAll(call, onStreamEvent(call.stream, event));
    else if (call.isInvoked) this.#flag(call, "unexpected", "G3", "its id was used for two invokes");
    else {
      call.isInvoked = true;
      call.key = event.key;
      call.stream.isLogged = event.streams === true;
      if (event.key !== undefined) this.#byKey.set(event.key, call);
    }
  }

  #onOutcome(call: CallRecord, code: number, key: string | undefined): void {
    call.outcomes += 1;
    call.outcomeCode = code;
    if (!call.isInvoked) this.#flag(call, "unexpected", "G3", "an outcome came, but nobody invoked it");
    if (call.outcomes > 1)
      this.#flag(call, "duplicated", "G2", `a further outcome came, with code ${String(code)}`);
    if (key === undefined || call.key === undefined || key === call.key) return;
    const isForeign = (this.#byKey.get(key)?.callerId ?? call.callerId) !== call.callerId;
    this.#flag(call, "unexpected", isForeign ? "G15" : "G3", `its result belongs to key ${key}`);
  }

  onSupervisor(event: SupervisorEvent): void {
    const { kind, instance } = event;
    if (kind === "enqueue" || kind === "accept" || kind === "reject") this.#onAdmission(event);
    else if (kind === "drain") this.#drained.add(instance);
    else if (kind === "exit") this.#exited.add(instance);
    else if (kind === "spawn") {
      if (this.#pids.has(instance))
        this.#add("unexpected", "G7", `instance ${String(instance)}`, "it was spawned twice");
      this.#pids.set(instance, event.code);
    } else if (kind !== "ready") {
      const call = this.#byCallId.get(event.callId);
      if (call !== undefined) this.#onCall(event, call);
      else if (kind !== "late")
        this.#add("unexpected", "G7", `call ${String(event.callId)}`, `${kind} without an accept`);
    }
  }

  #onAdmission(event: SupervisorEvent): void {
    const { kind, functionName, code } = event;
    const call = this.#callOf(event);
    if (!call.isInvoked)
      this.#flag(call, "unexpected", "G3", `the journal has its ${kind}, but nobody invoked it`);
    if (call.isAccepted || call.rejectCode !== undefined)
      this.#flag(call, "duplicated", "G2", "it was admitted twice");
    const { maxInFlight, maxInFlightPerFunction, maxQueue = 0 } = this.#history.limits;
    const taken = this.#slots.get(functionName) ?? 0;
    const isFull = this.#slotsTaken >= maxInFlight || taken >= maxInFlightPerFunction;
    const hasNoPlace = this.#waiting >= maxQueue;
    if (kind === "enqueue") {
      if (!isFull) this.#flag(call, "unexpected", "G15", "it had to wait for a slot below both limits");
      if (hasNoPlace)
        this.#flag(call, "unexpected", "G10", `it had to wait with ${String(this.#waiting)} others`);
      call.waitsSinceMs = event.atMs;
      call.settleByMs = event.atMs + event.deadlineMs + this.#slackMs;
      this.#waiting += 1;
      return;
    }
    const waitedMs = this.#endWait(call, event.atMs);
    if (kind === "reject") {
      call.rejectCode = code;
      if (!isRefusal(code, waitedMs !== undefined))
        this.#flag(call, "lied", "G2", `it was refused with code ${String(code)}`);
      if (code === 3002 && !isFull)
        this.#flag(call, "lied", "G15", "it was refused as overloaded below both limits");
      if (code === 3002 && !hasNoPlace && (waitedMs ?? 0) < this.#maxQueueWaitMs)
        this.#flag(call, "lied", "G15", "it was refused as overloaded while it could wait");
      if (code === 2002 && !call.isCancelled && !this.#gone.has(call.callerId))
        this.#flag(call, "unexpected", "G15", "its caller did not cancel it");
      return;
    }
    call.isAccepted = true;
    call.functionName = functionName;
    call.settleByMs = event.atMs + event.deadlineMs + this.#slackMs;
    this.#byCallId.set(event.callId, call);
    if (isFull)
      this.#flag(
        call,
        "unexpected",
        "G10",
        `it was accepted with ${String(taken)} slots of its function taken`,
      );
    this.#takeSlots(functionName, 1);
  }

  /** How long the call has waited for a slot until now; undefined: it has not. */
  #endWait(call: CallRecord, atMs: number): number | undefined {
    const { waitsSinceMs } = call;
    if (waitsSinceMs === undefined) return undefined;
    this.#waiting -= 1;
    call.waitsSinceMs = undefined;
    const endByMs = Math.min(call.settleByMs, waitsSinceMs + this.#maxQueueWaitMs + this.#slackMs);
    if (atMs > endByMs)
      this.#flag(call, "late", "G2", `it waited ${String(atMs - endByMs)} ms too long for a slot`);
    return atMs - waitsSinceMs;
  }

  get #slackMs(): number {
    return this.#history.settleSlackMs ?? 250;
  }

  get #maxQueueWaitMs(): number {
    return this.#history.limits.maxQueueWaitMs ?? Infinity;
  }

  #onCall(event: SupervisorEvent, call: CallRecord): void {
    const { kind, instance, code, atMs } = event;
    this.#flagAll(call, onStreamEntry(call.stream, event));
    if (kind === "dispatch") {
      if (call.instance !== 0) this.#flag(call, "duplicated", "G1", "it was dispatched twice");
      if (call.settles > 0) this.#flag(call, "unexpected", "G7", "it was dispatched after it was settled");
      const isClosed = this.#drained.has(instance) || this.#exited.has(instance);
      if (isClosed)
        this.#flag(call, "unexpected", "G14", `it was dispatched to ${String(instance)}, which took no more`);
      call.instance = instance;
    } else if (kind === "late") {
      const isOwn = call.settles === 0 && call.instance === instance;
      if (isOwn) this.#flag(call, "lost", "G7", "the answer of its own process was dropped as late");
    } else {
      const isForeign = instance !== 0 && instance !== call.instance;
      if (isForeign)
        this.#flag(call, "unexpected", "G7", `${kind} by instance ${String(instance)}, which never had it`);
      if (kind === "settle") this.#onSettle(call, code, atMs);
      else if (kind === "release") this.#onRelease(call);
    }
  }

  #onSettle(call: CallRecord, code: number, atMs: number): void {
    call.settles += 1;
    call.settleCode = code;
    if (call.settles > 1) this.#flag(call, "duplicated", "G2", "it was settled twice");
    if (atMs > call.settleByMs)
      this.#flag(call, "late", "G2", `it was settled ${String(atMs - call.settleByMs)} ms late`);
    if (code === 0 && call.instance === 0)
      this.#flag(call, "unexpected", "G7", "it has a result without a dispatch");
    const isDrained = call.instance === 0 ? this.#drained.size > 0 : this.#drained.has(call.instance);
    const mayBeCancelled = call.isCancelled || this.#gone.has(call.callerId) || isDrained;
    if (code === 2002 && !mayBeCancelled)
      this.#flag(call, "unexpected", "G15", "its caller did not cancel it");
  }

  #onRelease(call: CallRecord): void {
    call.releases += 1;
    if (call.releases > 1) this.#flag(call, "duplicated", "G10", "its slot was freed twice");
    else this.#takeSlots(call.functionName, -1);
  }

  #takeSlots(functionName: string, count: 1 | -1): void {
    this.#slotsTaken += count;
    this.#slots.set(functionName, (this.#slots.get(functionName) ?? 0) + count);
  }

  judge(): Judgement {
    const counts = { ok: 0, lost: 0, duplicated: 0, unexpected: 0, lied: 0, late: 0, unknown: 0 };
    for (const call of this.#calls.values()) {
      const run =
        call.key === undefined
          ? undefined
          : (this.#executions.get(call.key) ?? { starts: 0, ends: 0, pid: 0 });
      const isOver = {
        caller: this.#history.ended && !this.#gone.has(call.callerId),
        supervisor: this.#history.ended,
      };
      this.#flagAll(call, judgeCall(call, run, this.#pids.get(call.instance), isOver));
      this.#flagAll(call, judgeStream(call.stream, call));
      if (!call.isFlagged) counts[isUnknown(call) ? "unknown" : "ok"] += 1;
    }
    for (const [key, { starts, ends }] of this.#executions) {
      if (!this.#byKey.has(key)) this.#add("unexpected", "G3", `key ${key}`, "it ran, but nobody invoked it");
      if (ends > starts) this.#add("unexpected", "G1", `key ${key}`, "it ended more often than it started");
    }
    for (const { verdict } of this.#findings) counts[verdict] += 1;
    return { findings: this.#findings, counts, unknownRate: counts.unknown / Math.max(this.#calls.size, 1) };
  }

  #callOf({ callerId, requestId }: { callerId: number; requestId: number | bigint }): CallRecord {
    const ref = `caller ${String(callerId)} request ${String(requestId)}`;
    const known = this.#calls.get(ref);
    if (known !== undefined) return known;
    const call = createCallRecord(ref, callerId);
    this.#calls.set(ref, call);
    return call;
  }

  #flagAll(call: CallRecord, found: Iterable<[Verdict, Guarantee, string]>): void {
    for (const [verdict, guarantee, message] of found) this.#flag(call, verdict, guarantee, message);
  }

  #flag(call: CallRecord, verdict: Verdict, guarantee: Guarantee, message: string): void {
    call.isFlagged = true;
    this.#add(verdict, guarantee, call.ref, message);
  }

  #add(verdict: Verdict, guarantee: Guarantee, ref: string, message: string): void {
    this.#findings.push({ verdict, guarantee, message, ref });
  }
}
