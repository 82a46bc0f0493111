// Which HTTP status a call's error gets, each with its reason: a code of the table in errors.ts that has none here does
// not compile. Pure.

import { type ErrorCode, isErrorCode, type SpliceError } from "../errors.js";

const statuses = {
  /** The request makes no sense as it was made; the caller has to mend it. */
  1000: 400,
  1001: 400,
  /** No such resource. */
  1002: 404,
  /** It is known who calls, and that one may not; where it is not known, 401. */
  1003: 403,
  1004: 413,
  /** The function ran and failed, whoever is to blame: what it threw says more than a status could. */
  2000: 500,
  /** Somebody behind this server did not answer in time. */
  2001: 504,
  /** The client is gone, as proxies write it into their logs; nobody reads it. */
  2002: 499,
  /** What is behind this server broke off. Not 503, after which clients repeat what may have run. */
  2003: 502,
  3000: 500,
  /** It never ran, and will be taken later. */
  3001: 503,
  /** The same, because there is too much of it at the moment: come slower. */
  3002: 429,
  /** As 2003, for the way to the supervisor. */
  3003: 502,
} as const satisfies Record<ErrorCode, number>;

/** `isAnonymous`: this server can tell who calls, and nobody it knows did. */
export function statusOf(error: SpliceError, isAnonymous: boolean): number {
  const { code, details } = error;
  if (!isErrorCode(code)) return 500;
  const reason = fieldOf(details, "reason");
  // The fault is on this side: a client must not take it for its own credentials.
  if (code === 1003 && (reason === "verifier-failed" || reason === "auth-failed")) return 500;
  if (code === 1003 && isAnonymous) return 401;
  // The client still waits; it is the supervisor that went.
  if (code === 2002 && reason === "draining") return 503;
  return statuses[code];
}

/** Retry-After in whole seconds, where the refusal says when to ask again. */
export function retryAfterSeconds(error: SpliceError): number | null {
  if (!error.retryable) return null;
  const retryAfterMs = fieldOf(error.details, "retryAfterMs");
  if (typeof retryAfterMs !== "number" || !Number.isFinite(retryAfterMs)) return null;
  return Math.max(1, Math.ceil(retryAfterMs / 1000));
}

function fieldOf(details: unknown, name: string): unknown {
  if (typeof details !== "object" || details === null) return undefined;
  return (details as Readonly<Record<string, unknown>>)[name];
}
