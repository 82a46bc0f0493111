// What bytes are refused with: one error class, three reasons. Knows messages by type only.

import type { Message } from "./messages.js";

/**
 * - `malformed`: the bytes are no message of protocol 1.0
 * - `unknown-message`: a type code or a name that protocol 1.0 does not have
 * - `frame-too-large`: a header, or a message to be written, above the limit of the link
 */
export type ProtocolErrorReason = "malformed" | "unknown-message" | "frame-too-large";

const brand = Symbol.for("splice.protocol-error");

/**
 * Thrown by the decoder and by `encode`. `messages` are those decoded from the same chunk before the bad frame;
 * a decoder that threw once throws the same error for every later chunk.
 */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
  readonly reason: ProtocolErrorReason;
  readonly messages: readonly Message[];

  constructor(reason: ProtocolErrorReason, message: string, messages: readonly Message[] = []) {
    super(message);
    this.reason = reason;
    this.messages = messages;
    Object.defineProperty(this, brand, { value: true });
  }
}

/** Recognises a ProtocolError of any copy of this package, in any realm. */
export function isProtocolError(error: unknown): error is ProtocolError {
  return typeof error === "object" && error !== null && brand in error;
}

export function malformed(what: string): ProtocolError {
  return new ProtocolError("malformed", `The frame is malformed: ${what}.`);
}
