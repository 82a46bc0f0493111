// The message that a step speaks of: which lane it is in, and whether one that came is it. Pure.

import type { MessageType } from "../../protocol/messages.js";
import type { Received } from "./conversation.js";
import { laneOf } from "./fields.js";
import { mismatch } from "./pattern.js";
import type { JsonMap, MessagePattern } from "./scenario.js";
import { valueOf, type Variables } from "./values.js";

export function patternOf(types: MessageType | readonly MessageType[], fields: JsonMap = {}): MessagePattern {
  return { types: typeof types === "string" ? [types] : types, fields };
}

export function laneOfPattern({ types, fields }: MessagePattern, variables: Variables): string {
  const [first] = types;
  if (first === undefined) throw new Error("A scenario expects no type of message at all.");
  const id = fields["request_id"];
  return laneOf(first, id === undefined ? undefined : valueOf(id, variables));
}

/** Undefined when the frame is one that the pattern describes; what the pattern saves is put into `saved`. */
export function differenceOf(
  pattern: MessagePattern,
  { message, fields }: Received,
  variables: Variables,
  saved = new Map<string, unknown>(),
): string | undefined {
  if (!pattern.types.includes(message.type)) return `it is no ${pattern.types.join(" or ")}`;
  for (const [name, json] of Object.entries(pattern.fields)) {
    // Of several types some have a field that others lack.
    if (!(name in fields) && pattern.types.length > 1) continue;
    const difference = mismatch(json, fields[name], name, variables, saved);
    if (difference !== undefined) return difference;
  }
  return undefined;
}
