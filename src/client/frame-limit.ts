// The largest frame that a supervisor takes. The handshake tells a host nothing of it, so that a client asks once, and until
// it knows, or of a supervisor that does not tell, it is the protocol's own. Pure.

import { defaultMaxFrameBytes } from "../protocol/limits.js";
import { decodeValue } from "../protocol/values.js";

/** The id of the question: calls count from 1, and none comes as far. */
export const limitQuestionId = Number.MAX_SAFE_INTEGER;

/** Out of what `splice.status` answered. */
export function frameLimitIn(status: Uint8Array): number {
  let value: unknown;
  try {
    value = decodeValue(status, "status");
  } catch {
    return defaultMaxFrameBytes;
  }
  const bytes = field(field(value, "limits"), "maxFrameBytes");
  const isLimit = typeof bytes === "number" && Number.isInteger(bytes) && bytes > 0;
  return isLimit ? Math.min(bytes, defaultMaxFrameBytes) : defaultMaxFrameBytes;
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}
