// The scenarios of spec/scenarios as types: what a rule is, and the steps that show whether it holds. The format is
// described in spec/scenarios/README.md. Types and names only.

import type { MessageType } from "../../protocol/messages.js";

export type Json = null | boolean | number | string | readonly Json[] | JsonMap;
export interface JsonMap {
  readonly [key: string]: Json;
}

/** Who is under test; the tester plays the other end of its link. */
export type Side = "worker" | "supervisor";
export type LinkName = "inherit" | "socket";
export type OfferName = "streaming" | "cancellation" | "inputStream";

export interface Scenario {
  /** "cancel/early": the file's topic and a name. */
  readonly name: string;
  /** The rule in a sentence. */
  readonly rule: string;
  /** Where docs/reference/protocol.md says it: "Conversations: Cancel". */
  readonly section: string;
  readonly side: Side;
  /** Only over this kind of link; absent: over both. */
  readonly link?: LinkName;
  /** Capabilities that the link has to have. */
  readonly offers?: readonly OfferName[];
  /** Functions that the other side has to export. */
  readonly needs?: readonly string[];
  /** Where the steps begin: at a fresh link, or after handshake and exports (the default). */
  readonly start?: "connected" | "ready";
  /** The most that the process may grow by meanwhile, where that can be seen. */
  readonly maxGrowthMb?: number;
  readonly steps: readonly Step[];
}

export interface SendStep {
  readonly send: MessageType;
  readonly fields?: JsonMap;
  /** The frame goes out in two pieces, parted after so many bytes. */
  readonly cut?: Json;
}

export interface SendHexStep {
  readonly sendHex: readonly HexPart[];
}
/** Bytes as hexadecimal text, or the same bytes many times. */
export type HexPart = string | { readonly hex: string; readonly times: number };

export interface MessagePattern {
  readonly types: readonly MessageType[];
  readonly fields: JsonMap;
}

export interface ExpectStep {
  readonly expect: MessageType | readonly MessageType[];
  readonly fields?: JsonMap;
  /** Others of its lane may come before. */
  readonly eventually?: true;
  /** It is the first of all frames, or the last of those that have come when the link is closed. */
  readonly place?: "first" | "last";
}

export interface QuietStep {
  readonly quiet: MessageType | readonly MessageType[];
  readonly fields?: JsonMap;
  /** It has not come up to now; whether it comes next is not asked. */
  readonly now?: true;
}

export interface NeverStep {
  readonly never: MessageType | readonly MessageType[];
  readonly fields?: JsonMap;
}

export interface RepeatStep {
  readonly repeat: Json;
  /** The name of the variable that counts, from 0. */
  readonly as?: string;
  readonly steps: readonly Step[];
}

export interface ExpectExitStep {
  readonly expectExit: "any" | "orderly";
}

export type Step =
  | SendStep
  | SendHexStep
  | ExpectStep
  | QuietStep
  | NeverStep
  | RepeatStep
  | ExpectExitStep
  | { readonly hangUp: true }
  | { readonly expectOpen: true }
  | { readonly expectClose: true }
  | { readonly canonical: true };

/** The verbs; a step has exactly one of them as a key. */
export const verbs = [
  "send",
  "sendHex",
  "expect",
  "quiet",
  "never",
  "repeat",
  "hangUp",
  "expectOpen",
  "expectClose",
  "expectExit",
  "canonical",
] as const;
