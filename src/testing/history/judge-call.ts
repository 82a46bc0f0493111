// What is known of one call, gathered from all three logs, and the verdict on it once the logs are read: what is
// missing (G2, G10), and whether what the caller heard is true (G4, G5, G6). Knows one call, not the history.

import { errorTable, isErrorCode } from "../../errors.js";
import type { Guarantee, Verdict } from "./events.js";
import { createStreamRecord, type StreamRecord } from "./judge-stream.js";

export interface CallRecord {
  readonly ref: string;
  readonly callerId: number;
  key: string | undefined;
  functionName: string;
  isInvoked: boolean;
  isCancelled: boolean;
  /** By its caller, that would wait no longer for an item. */
  isGivenUp: boolean;
  isAccepted: boolean;
  /** Since when it waits for a slot; undefined when it does not. */
  waitsSinceMs: number | undefined;
  isFlagged: boolean;
  outcomes: number;
  settles: number;
  releases: number;
  outcomeCode: number | undefined;
  rejectCode: number | undefined;
  settleCode: number | undefined;
  settleByMs: number;
  /** 0 until it is dispatched. */
  instance: number;
  readonly stream: StreamRecord;
}

/** What the execution log has about one key. */
export interface Execution {
  starts: number;
  ends: number;
  readonly pid: number;
}

export function createCallRecord(ref: string, callerId: number): CallRecord {
  return {
    ref,
    callerId,
    key: undefined,
    functionName: "",
    isInvoked: false,
    isCancelled: false,
    isGivenUp: false,
    isAccepted: false,
    waitsSinceMs: undefined,
    isFlagged: false,
    outcomes: 0,
    settles: 0,
    releases: 0,
    outcomeCode: undefined,
    rejectCode: undefined,
    settleCode: undefined,
    settleByMs: Infinity,
    instance: 0,
    stream: createStreamRecord(),
  };
}

function isClassN(code: number | undefined): boolean {
  return code !== undefined && isErrorCode(code) && errorTable[code].notStarted;
}

/**
 * Codes a call may be refused with: class N, 2001 for a call that came with no time left or whose time went by while it
 * waited for a slot, and 2002 for one that was cancelled meanwhile.
 */
export function isRefusal(code: number | undefined, hasWaited = false): boolean {
  return isClassN(code) || code === 2001 || (hasWaited && code === 2002);
}

const unknownCodes: ReadonlySet<number | undefined> = new Set([2001, 2002, 2003, 3000, 3003]);

/** True when the caller cannot know whether its function ran. A refused call certainly did not. */
export function isUnknown(call: CallRecord): boolean {
  return call.rejectCode === undefined && unknownCodes.has(call.outcomeCode);
}

/**
 * `run` is undefined for a call without a key, `pid` for a process the journal does not name. `isOver` says whose
 * part has ended, so that what is missing now is lost.
 */
export function* judgeCall(
  call: CallRecord,
  run: Execution | undefined,
  pid: number | undefined,
  isOver: { readonly caller: boolean; readonly supervisor: boolean },
): Generator<[Verdict, Guarantee, string]> {
  const { outcomeCode, rejectCode, settleCode } = call;
  if (isOver.caller && call.isInvoked && call.outcomes === 0)
    yield ["lost", "G2", "its caller got no outcome"];
  if (isOver.supervisor && call.waitsSinceMs !== undefined)
    yield ["lost", "G2", "it waited for a slot, and was neither accepted nor refused"];
  if (isOver.supervisor && call.isAccepted) {
    if (call.settles === 0) yield ["lost", "G2", "it was accepted and never settled"];
    if (call.releases === 0) yield ["lost", "G10", "its slot was never freed"];
  }
  const codes = [rejectCode, settleCode, outcomeCode];
  if (run !== undefined && run.starts > 0 && (rejectCode !== undefined || codes.some(isClassN))) {
    yield ["lied", "G4", "it was refused, but its function started"];
  }
  if (run !== undefined && codes.includes(0)) {
    if (run.starts === 0 || run.ends === 0)
      yield ["lied", "G5", "it has a result, but its function did not run through"];
    else if (pid !== undefined && pid !== run.pid)
      yield ["lied", "G5", "it ran in another process than the one that had it"];
  }
  for (const code of new Set(codes)) {
    if (code !== undefined && code !== 0 && !isErrorCode(code))
      yield ["unexpected", "G6", `code ${String(code)} is not in the table`];
  }
  const decided = rejectCode ?? settleCode;
  if (outcomeCode === undefined || outcomeCode === decided || isHostMade(call, decided)) return;
  const decision = decided === undefined ? "nothing" : `code ${String(decided)}`;
  const guarantee = outcomeCode === 0 ? "G5" : "G6";
  yield ["lied", guarantee, `its caller heard code ${String(outcomeCode)}, but the journal has ${decision}`];
}

/** Answers a host gives itself: to its own abort or limit, when its link is lost, and to what it never sent. */
function isHostMade(
  { outcomeCode, isCancelled, isGivenUp }: CallRecord,
  decided: number | undefined,
): boolean {
  if (outcomeCode === 3003 || (outcomeCode === 2002 && isCancelled)) return true;
  if (outcomeCode === 2001 && isGivenUp) return true;
  return decided === undefined && isRefusal(outcomeCode);
}
