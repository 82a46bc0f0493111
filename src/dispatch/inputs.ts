// Calls that are given an input: finds the call that a message of one belongs to, from the caller to the worker, and what
// the worker acknowledges on its way back. It ends no call itself: settling is the dispatcher's.

import type { CallId, InstanceId } from "../ids.js";
import type { StreamAck } from "../protocol/messages.js";
import type { Answers } from "./answers.js";
import type { Call } from "./call.js";
import type { InputMessage } from "./worker-state.js";

export interface InputPorts {
  /** A call that has not ended, whether it has its slot or waits for one. */
  readonly find: (callId: CallId) => Call | undefined;
  readonly answers: Answers;
  /** The call's worker broke the rules. */
  readonly broke: (call: Call, why: string) => void;
}

export class Inputs {
  readonly #ports: InputPorts;

  constructor(ports: InputPorts) {
    this.#ports = ports;
  }

  /** Something of its input came from the caller. Returns null, or the caller's breach: the rest of a sentence. */
  receive(callId: CallId, message: InputMessage): string | null {
    const call = this.#ports.find(callId);
    // Of a call that is over it came too late, and means nothing.
    if (call === undefined || call.isAnswered) return null;
    const { input, requestId } = call;
    if (input === null) return `a ${message.type} came for call ${String(requestId)}, which has no input`;
    const breach = input.receive(message);
    return breach === null ? null : `of the input of call ${String(requestId)}, ${breach}`;
  }

  onAck(instance: InstanceId, { requestId, ackSequence, window }: StreamAck): void {
    const call = this.#ports.answers.callOf(instance, requestId);
    if (call === null) return;
    const breach =
      call.input === null
        ? "a StreamAck came for a call that has no input"
        : call.input.acknowledge(ackSequence, window);
    if (breach !== null) return this.#ports.broke(call, breach);
    if (!call.isAnswered) call.caller.inputs?.acknowledged(call.requestId, Number(ackSequence), window);
  }
}
