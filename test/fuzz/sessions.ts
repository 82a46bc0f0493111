// Conversations as a host may have them, from a small grammar, and the edits that make them illegal. Knows what a message
// looks like; what is right is told by the tables.

import { encode } from "../../src/protocol/index.js";
import { messageCode, type Message } from "../../src/protocol/messages.js";
import { encodeValue } from "../../src/protocol/values.js";
import type { SeededRandom } from "../protocol/random.js";

type Type = Message["type"];

export const allTypes = Object.keys(messageCode) as readonly Type[];
export const noContext = { traceId: 0, spanId: 0, headers: [], auth: null } as const;
export const inputContext = { ...noContext, headers: [["splice-input", "1"]] as [string, string][] };

/** An ordinary message of each kind, about that request. */
export function sample(type: Type, requestId: number, sequence = 0): Message {
  const params = encodeValue({ a: 1 });
  const samples: { readonly [Each in Type]: Extract<Message, { type: Each }> } = {
    Handshake: {
      type: "Handshake",
      protocolVersion: 0x1_0000,
      role: "Host",
      capabilities: 11,
      maxFrameSize: 1_000_000,
    },
    HandshakeAck: {
      type: "HandshakeAck",
      protocolVersion: 0x1_0000,
      capabilities: 11,
      serverId: Array<number>(16).fill(3),
      exportCount: 1,
    },
    Shutdown: { type: "Shutdown" },
    ShutdownAck: { type: "ShutdownAck" },
    ListExports: { type: "ListExports" },
    ListExportsResult: { type: "ListExportsResult", exports: [] },
    Invoke: { type: "Invoke", requestId, functionName: "f", params, deadlineMs: 0, context: noContext },
    InvokeResult: { type: "InvokeResult", requestId, result: params, durationUs: 1 },
    InvokeError: { type: "InvokeError", requestId, code: 2000, kind: "User", message: "no", details: null },
    StreamStart: { type: "StreamStart", requestId, window: 4 },
    StreamChunk: { type: "StreamChunk", requestId, sequence, data: Uint8Array.of(0xc0) },
    StreamEnd: { type: "StreamEnd", requestId, totalChunks: sequence },
    StreamError: { type: "StreamError", requestId, code: 2000, message: "no" },
    StreamAck: { type: "StreamAck", requestId, ackSequence: sequence, window: 4 },
    Cancel: { type: "Cancel", requestId },
    CancelAck: { type: "CancelAck", requestId },
    LogEvent: { type: "LogEvent", level: "info", message: "hello", fields: [] },
    HealthCheck: { type: "HealthCheck" },
    HealthStatus: { type: "HealthStatus", uptimeMs: 1, activeRequests: 0, totalRequests: 0 },
  };
  return samples[type];
}

/** What a host that keeps the rules may say, one conversation. */
export function hostSession(random: SeededRandom): Message[] {
  const messages: Message[] = [sample("Handshake", 0)];
  let lastId = 0;
  const inputs = new Map<number, number>();
  for (let length = random.below(8); length > 0; length--) {
    const choice = random.below(7);
    if (choice <= 1) messages.push(sample("Invoke", ++lastId));
    else if (choice === 2) {
      messages.push({
        ...(sample("Invoke", ++lastId) as Extract<Message, { type: "Invoke" }>),
        context: inputContext,
      });
      messages.push(sample("StreamStart", lastId));
      inputs.set(lastId, 0);
    } else if (choice === 3) messages.push(sample("Cancel", 1 + random.below(lastId + 1)));
    else if (choice === 4) messages.push(sample(random.pick(["ListExports", "HealthCheck"]), 0));
    else if (choice === 5 && inputs.size > 0) {
      const id = random.pick([...inputs.keys()]);
      const sent = inputs.get(id) ?? 0;
      if (sent < 4 && random.below(3) > 0) {
        messages.push(sample("StreamChunk", id, sent));
        inputs.set(id, sent + 1);
      } else {
        messages.push(sample("StreamEnd", id, sent));
        inputs.delete(id);
      }
    } else messages.push(sample("HealthCheck", 0));
  }
  if (random.below(3) === 0) messages.push(sample("Shutdown", 0));
  return messages;
}

/** A conversation with one to three edits: dropped, doubled, swapped, foreign or changed messages. */
export function edited(messages: readonly Message[], random: SeededRandom): Message[] {
  const edit = [...messages];
  for (let edits = 1 + random.below(3); edits > 0; edits--) {
    const at = random.below(edit.length + 1);
    const one = edit[at];
    const choice = random.below(5);
    if (choice === 0) edit.splice(at, 1);
    else if (choice === 1 && one !== undefined) edit.splice(random.below(edit.length + 1), 0, one);
    else if (choice === 2 && one !== undefined) {
      edit.splice(at, 1);
      edit.splice(random.below(edit.length + 1), 0, one);
    } else if (choice === 3 && one !== undefined) edit[at] = changed(one, random);
    else edit.splice(at, 0, sample(random.pick(allTypes), random.below(4), random.below(3)));
  }
  return edit;
}

const boundaries = [0, 1, 2, 3, 127, 128, 255, 256, 65_535, 65_536, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1];
const wide = [...boundaries, 2 ** 53 - 1, 2n ** 53n, 2n ** 53n + 1n, 2n ** 64n - 1n];
const isWide: ReadonlySet<string> = new Set([
  ...["requestId", "sequence", "totalChunks", "ackSequence", "uptimeMs", "totalRequests", "durationUs"],
]);

/** With one of its numbers at a boundary, or one more or less. */
function changed(message: Message, random: SeededRandom): Message {
  const numbers = Object.entries(message).filter(([, value]) => typeof value === "number");
  if (numbers.length === 0) return message;
  const [name, value] = random.pick(numbers) as [string, number];
  const near = [Math.max(0, value - 1), Math.min(value + 1, 2 ** 32 - 1)];
  return {
    ...message,
    [name]: random.pick<number | bigint>(isWide.has(name) ? [...wide, ...near] : [...boundaries, ...near]),
  };
}

/** As bytes; what the codec refuses to write is left out. */
export function written(messages: readonly Message[]): Uint8Array[] {
  return messages.flatMap((message) => {
    try {
      return [encode(message)];
    } catch {
      return [];
    }
  });
}
