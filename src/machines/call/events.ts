// The events of the call chart, all of them facts: what dispatch has done with a call, in the journal's order.

export type CallEvent =
  | { type: "call.enqueued" }
  | { type: "call.accepted" }
  | { type: "call.rejected" }
  | { type: "call.dispatched" }
  | { type: "stream.started" }
  | { type: "cancel.sent" }
  | { type: "caller.answered" }
  | { type: "answer.discarded" }
  | { type: "credit.returned" }
  | { type: "slot.released" };
