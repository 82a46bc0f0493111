// The inputs of the calls of this worker: what the caller sends on its way to `ctx.input`, and how far it was read on its
// way back. Knows the link's sending side; what a call is, is runtime.ts's business.

import { IncomingStream } from "../contract/incoming-stream.js";
import { errorTable, isErrorCode, SpliceError } from "../errors.js";
import { carriesInput } from "../protocol/context.js";
import type {
  StreamChunk,
  StreamEnd,
  StreamError,
  StreamStart,
  U64,
  WireInvoke,
} from "../protocol/messages.js";
import { decodeValue } from "../protocol/values.js";
import type { Link } from "./link.js";

export type InputMessage = StreamStart | StreamChunk | StreamEnd | StreamError;

interface Input {
  readonly functionName: string;
  /** What of it has come on the link, whoever still reads it. */
  stage: "announced" | "begun" | "over";
  readonly items: IncomingStream;
}

export class Inputs {
  readonly #link: Link;
  readonly #inputs = new Map<U64, Input>();

  constructor(link: Link) {
    this.#link = link;
  }

  /** What a call reads; undefined when it was given none. */
  open({ requestId, functionName, contextBytes }: WireInvoke): AsyncIterable<unknown> | undefined {
    if (!carriesInput(contextBytes)) return undefined;
    const items = new IncomingStream({
      decode: (data) => decodeValue(data, "item"),
      acknowledge: (ackSequence, window) => {
        this.#link.send({ type: "StreamAck", requestId, ackSequence, window });
      },
      // Nobody is told: what the function does not read stays with the caller, for want of credit.
      cancel: () => undefined,
    });
    this.#inputs.set(requestId, { functionName, stage: "announced", items });
    return items;
  }

  /** Returns null, or the supervisor's breach: the rest of a sentence. What is of a call that is over is dropped. */
  receive(message: InputMessage, isInFlight: boolean): string | null {
    const input = this.#inputs.get(message.requestId);
    if (input === undefined) return isInFlight ? `a ${message.type} came for a call that has no input` : null;
    if (input.stage === "over") return `a ${message.type} came after the end of an input`;
    const breach = this.#take(input, message);
    if (breach !== null) return breach;
    if (message.type === "StreamStart") input.stage = "begun";
    else if (message.type !== "StreamChunk") input.stage = "over";
    return null;
  }

  #take({ items, functionName, stage }: Input, message: InputMessage): string | null {
    switch (message.type) {
      case "StreamStart":
        return items.start(message.window);
      case "StreamChunk":
        return items.chunk(message.sequence, message.data);
      case "StreamEnd":
        return items.end(message.totalChunks);
      case "StreamError": {
        if (stage === "announced") return "an input failed before its start";
        const { code, requestId, message: text } = message;
        const kind = isErrorCode(code) ? errorTable[code].kind : "System";
        items.fail(new SpliceError({ code, kind, message: text, functionName, requestId }));
        return null;
      }
    }
  }

  /** Whoever waits for an item waits no longer. */
  cancel(requestId: U64): void {
    const input = this.#inputs.get(requestId);
    if (input === undefined) return;
    const { functionName, items } = input;
    const message = `The input of ${JSON.stringify(functionName)} ended, because the call was cancelled.`;
    items.abort(new SpliceError({ code: 2002, message, functionName, requestId }));
  }

  /** The call has its answer; a reader that it left behind comes to an end. */
  close(requestId: U64): void {
    const input = this.#inputs.get(requestId);
    if (input === undefined) return;
    this.#inputs.delete(requestId);
    void input.items.return();
  }
}
