// The way of a call's input onto a connection. Knows frames, and nothing of where the items come from.

import type { InputWire } from "../contract/caller-input.js";
import type { Outbox } from "../transport/outbox.js";

/** `isUnderWay` false: the call is over, and nothing of its input is wanted any more. */
export function createInputWire(outbox: Outbox, requestId: number, isUnderWay: () => boolean): InputWire {
  return {
    start: (window) => {
      outbox.send({ type: "StreamStart", requestId, window });
    },
    chunk: (sequence, data) => {
      if (isUnderWay()) outbox.sendChunk(requestId, sequence, data);
    },
    end: (totalChunks) => {
      if (isUnderWay()) outbox.sendAfterChunks({ type: "StreamEnd", requestId, totalChunks });
    },
    fail: (code, message) => {
      if (isUnderWay()) outbox.sendAfterChunks({ type: "StreamError", requestId, code, message });
    },
  };
}
