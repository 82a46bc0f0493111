// What an entry of dispatch's journal is to the call chart. Pure; knows the kinds of entries by name alone, since
// dispatch stands above.

import type { CallEvent } from "./events.js";

const eventOf: Readonly<Record<string, CallEvent["type"]>> = {
  enqueue: "call.enqueued",
  accept: "call.accepted",
  reject: "call.rejected",
  dispatch: "call.dispatched",
  stream: "stream.started",
  credit: "credit.returned",
  cancel: "cancel.sent",
  settle: "caller.answered",
  late: "answer.discarded",
  release: "slot.released",
};

/** Undefined for entries that are about no call. */
export function callEventOf(kind: string): CallEvent["type"] | undefined {
  return Object.hasOwn(eventOf, kind) ? eventOf[kind] : undefined;
}
