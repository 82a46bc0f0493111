// The vectors of spec/ as the tests want them: frames as bytes, fields as the messages they stand for.

import { readFileSync } from "node:fs";
import type { Message } from "../../src/protocol/messages.js";

interface VectorRow {
  readonly title: string;
  readonly valid: boolean;
  readonly canonical?: boolean;
  readonly message?: string;
  readonly fields?: readonly unknown[] | null;
  readonly frame: string;
  readonly expect?: "malformed" | "unknown-message" | "frame-too-large";
}

export interface ValidVector {
  readonly title: string;
  readonly isCanonical: boolean;
  readonly frame: Uint8Array;
  readonly message: Message;
}

export interface InvalidVector {
  readonly title: string;
  readonly frame: Uint8Array;
  readonly reason: string;
}

const fieldNames: Readonly<Record<string, readonly string[]>> = {
  Handshake: ["protocolVersion", "role", "capabilities", "maxFrameSize"],
  HandshakeAck: ["protocolVersion", "capabilities", "serverId", "exportCount"],
  ListExportsResult: ["exports"],
  Invoke: ["requestId", "functionName", "params", "deadlineMs", "context"],
  InvokeResult: ["requestId", "result", "durationUs"],
  InvokeError: ["requestId", "code", "kind", "message", "details"],
  StreamStart: ["requestId", "window"],
  StreamChunk: ["requestId", "sequence", "data"],
  StreamEnd: ["requestId", "totalChunks"],
  StreamError: ["requestId", "code", "message"],
  StreamAck: ["requestId", "ackSequence", "window"],
  Cancel: ["requestId"],
  CancelAck: ["requestId"],
  LogEvent: ["level", "message", "fields"],
  HealthStatus: ["uptimeMs", "activeRequests", "totalRequests"],
};

const rows = (
  JSON.parse(readFileSync("spec/vectors.json", "utf8")) as { readonly vectors: readonly VectorRow[] }
).vectors;

export const validVectors: readonly ValidVector[] = rows
  .filter((row) => row.valid)
  .map((row) => ({
    title: row.title,
    isCanonical: row.canonical !== false,
    frame: bytesOf(row.frame),
    message: messageOf(row.message ?? "", row.fields ?? []),
  }));

export const invalidVectors: readonly InvalidVector[] = rows
  .filter((row) => !row.valid)
  .map((row) => ({ title: row.title, frame: bytesOf(row.frame), reason: row.expect ?? "no expectation" }));

function messageOf(type: string, fields: readonly unknown[]): Message {
  const message: Record<string, unknown> = { type };
  (fieldNames[type] ?? []).forEach((name, index) => {
    message[name] = fieldOf(name, plain(fields[index]));
  });
  return message as unknown as Message;
}

function fieldOf(name: string, value: unknown): unknown {
  if (name === "context") {
    const [traceId, spanId, headers, auth] = value as unknown[];
    return { traceId, spanId, headers, auth: auth === null ? null : named(auth, ["userId", "roles"]) };
  }
  if (name === "exports") {
    const names = ["name", "isAsync", "isStreaming", "paramsSchema", "returnSchema"];
    return (value as unknown[]).map((item) => named(item, names));
  }
  return value;
}

function named(values: unknown, names: readonly string[]): unknown {
  return Object.fromEntries((values as unknown[]).map((value, index) => [names[index], value]));
}

function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  if ("$bin" in value) return bytesOf(String(value.$bin));
  if ("$u64" in value) return BigInt(String(value.$u64));
  throw new Error(`The vectors hold something unknown: ${JSON.stringify(value)}`);
}

export function bytesOf(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, "hex"));
}

export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/** A frame around a payload given as hex. */
export function frameOf(code: number, payloadHex: string): Uint8Array {
  const payload = bytesOf(payloadHex);
  const header = new Uint8Array(5);
  new DataView(header.buffer).setUint32(0, payload.length);
  header[4] = code;
  return concat([header, payload]);
}
