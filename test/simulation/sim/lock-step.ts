// The call chart beside every call: each entry of the journal is an event of it, and one that the chart does not take is a
// fault of dispatch. Counts slots for itself.

import { createActor } from "xstate";
import { Journal, type JournalKind } from "../../../src/dispatch/journal.js";
import { callEventOf } from "../../../src/machines/call/journal-events.js";
import { callMachine } from "../../../src/machines/call/machine.js";

type State = ReturnType<ReturnType<typeof createActor<typeof callMachine>>["getSnapshot"]>["value"];

const steps = new Map<string, State | null>();

/** Where the chart goes from there; null: it does not take that. The chart is asked once for each pair. */
function next(from: State, kind: JournalKind): State | null {
  const pair = `${from} ${kind}`;
  const known = steps.get(pair);
  if (known !== undefined) return known;
  const type = callEventOf(kind);
  if (type === undefined) throw new Error(`${kind} is no event of a call.`);
  const snapshot = callMachine.resolveState({ value: from });
  let to: State | null = null;
  if (snapshot.status === "active" && snapshot.can({ type })) {
    const actor = createActor(callMachine, { snapshot }).start();
    actor.send({ type });
    to = actor.getSnapshot().value;
  }
  steps.set(pair, to);
  return to;
}

/** Every step that calls took through the chart, in all runs of this process. */
export const callSteps: ReadonlyMap<string, State | null> = steps;

interface Call {
  state: State;
  readonly functionName: string;
  readonly callerId: number;
  readonly requestId: number;
  instance: number;
}

type OnEntry = (
  kind: JournalKind,
  callId: number,
  instance: number,
  code: number,
  functionName: string,
) => void;

export class LockStepJournal extends Journal {
  /** Calls that are not over. */
  readonly calls = new Map<number, Call>();
  /** Slots that are taken. */
  taken = 0;
  waiting = 0;
  readonly takenOf = new Map<string, number>();
  readonly #onFault: (error: Error) => void;
  readonly #onEntry: OnEntry;

  constructor(onFault: (error: Error) => void, onEntry: OnEntry) {
    super(4096);
    this.#onFault = onFault;
    this.#onEntry = onEntry;
  }

  override record(...entry: Parameters<Journal["record"]>): void {
    super.record(...entry);
    const [kind, , callId, instance, code = 0, , functionName = ""] = entry;
    this.#onEntry(kind, callId, instance, code, functionName);
    if (callEventOf(kind) !== undefined) this.#step(entry);
  }

  #step([kind, , callId, instance, , , functionName = "", callerId = 0, id = 0]: Parameters<
    Journal["record"]
  >): void {
    let call = this.calls.get(callId);
    // A call that was refused at once never had a number; what is said of one that is over, or never was, is nobody's.
    if (call === undefined && (kind === "reject" || kind === "late")) return;
    if (kind === "late" && call?.instance !== instance) return;
    if (call === undefined)
      this.calls.set(
        callId,
        (call = { state: "arriving", functionName, callerId, requestId: Number(id), instance: 0 }),
      );
    const to = next(call.state, kind);
    if (to === null) {
      this.#onFault(
        new Error(`Call ${String(callId)} is ${call.state}, and the chart takes no ${kind} there.`),
      );
      return;
    }
    if (call.state === "waiting") this.waiting -= 1;
    if (to === "waiting") this.waiting += 1;
    call.state = to;
    if (kind === "accept") this.#take(call.functionName, 1);
    else if (kind === "dispatch") call.instance = instance;
    else if (kind === "release") this.#take(call.functionName, -1);
    if (to === "settled" || to === "refused") this.calls.delete(callId);
  }

  #take(functionName: string, count: 1 | -1): void {
    this.taken += count;
    this.takenOf.set(functionName, (this.takenOf.get(functionName) ?? 0) + count);
  }
}
