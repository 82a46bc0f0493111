// What of a request's headers goes into the call, and what the call is told by them: its deadline and its trace. Pure.

import { maxTimerMs } from "../time.js";
import { refuse } from "./answer.js";
import { traceOf } from "./trace-parent.js";

export const timeoutHeader = "x-splice-timeout-ms";

const notForFunctions: ReadonlySet<string> = new Set([
  // Credentials are for this server. What it makes of them is `auth`; a function gets that, not the key to more.
  "authorization",
  "cookie",
  "proxy-authorization",
  // They are about this connection (RFC 9110, 7.6.1), or about a body that is gone once it is read.
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "content-encoding",
  "content-length",
  "content-type",
  "expect",
  // The runtime's own: whether an input stream comes with the call.
  "splice-input",
  timeoutHeader,
]);

/** The pairs for the call's headers, names in lower case. A trace that makes no sense is left out as a whole. */
export function callHeaders(headers: Headers): [string, string][] {
  const ofConnection = (headers.get("connection") ?? "").split(",").map((name) => name.trim().toLowerCase());
  const left = new Set(ofConnection);
  if (traceOf(headers.get("traceparent")) === null) left.add("traceparent").add("tracestate");
  return [...headers].filter(([name]) => !notForFunctions.has(name) && !left.has(name));
}

/** @throws Refusal 400 unless the header is a whole number of milliseconds that a timer can hold. */
export function timeoutOf(headers: Headers): number | undefined {
  const given = headers.get(timeoutHeader);
  if (given === null) return undefined;
  const timeoutMs = /^\d{1,10}$/.test(given) ? Number(given) : Infinity;
  if (timeoutMs <= maxTimerMs) return timeoutMs;
  const expected = `a whole number of milliseconds from 0 to ${String(maxTimerMs)}`;
  throw refuse(400, `The header ${timeoutHeader} is ${JSON.stringify(given)}, but must be ${expected}.`);
}
