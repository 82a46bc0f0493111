// StreamChunk by hand, as invoke.ts has the messages of plain calls: a stream is made of nothing else.

import { u64 } from "./fields.js";
import { beginFrame, copiedBytes, endFrame } from "./invoke.js";
import { defaultMaxFrameBytes } from "./limits.js";
import { messageCode, type StreamChunk, type U64 } from "./messages.js";
import type { OutboxBuffer } from "./outbox-buffer.js";
import type { Reader } from "./reader.js";

/** A map of one and the name: how the payload begins when it is written in its smallest form. */
export const streamChunkHead = Uint8Array.of(0x81, 0xab, ...Buffer.from("StreamChunk"));

/** Throws ProtocolError, leaving `out` as it was, when a field does not fit or the payload is too large. */
export function appendStreamChunk(
  out: OutboxBuffer,
  requestId: U64,
  sequence: U64,
  data: Uint8Array,
  maxFrameBytes: number = defaultMaxFrameBytes,
): void {
  u64("requestId", requestId);
  u64("sequence", sequence);
  const start = beginFrame(out, messageCode.StreamChunk, data.length, maxFrameBytes, copiedBytes(data));
  out.putBytes(streamChunkHead);
  out.putU8(0x93);
  out.putUint(requestId);
  out.putUint(sequence);
  out.putBin(data);
  endFrame(out, start, maxFrameBytes);
}

/** Reads the fields; `reader` stands behind the name. */
export function readStreamChunk(reader: Reader): StreamChunk {
  reader.arrayOf(3);
  const requestId = reader.u64();
  const sequence = reader.u64();
  const data = reader.bin();
  reader.expectEnd();
  return { type: "StreamChunk", requestId, sequence, data };
}
