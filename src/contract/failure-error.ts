// A failure in the wire's terms as the SpliceError a program catches. Pure.

import { SpliceError, type ErrorKind } from "../errors.js";
import type { U64 } from "../protocol/messages.js";
import { decodeValue } from "../protocol/values.js";

export interface WireFailure {
  readonly code: number;
  readonly kind: ErrorKind;
  readonly message: string;
  readonly details: Uint8Array | null;
}

export function toSpliceError(
  failure: WireFailure,
  functionName: string,
  requestId: U64,
  cause?: unknown,
): SpliceError {
  const { code, kind, message } = failure;
  return new SpliceError({
    code,
    kind,
    message,
    functionName,
    requestId,
    details: detailsOf(failure),
    cause,
  });
}

/** Details are a courtesy: what cannot be decoded is left out rather than hiding the failure itself. */
function detailsOf({ details }: WireFailure): unknown {
  if (details === null) return undefined;
  try {
    return decodeValue(details);
  } catch {
    return undefined;
  }
}
