// How a command ends when it fails: its exit code and its sentence, on stderr and, for machines, on stdout.

import { isSpliceError, messageOf } from "../errors.js";

/** Wrong use: an unknown flag, input that is no JSON, a bad configuration. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

export const exitCodes = { ok: 0, failed: 1, usage: 2, noSupervisor: 3 } as const;

export function exitCodeOf(error: unknown): number {
  if (isSpliceError(error)) {
    const { details } = error;
    const isMissing = typeof details === "object" && details !== null && "reason" in details && details.reason === "no-supervisor";
    return isMissing ? exitCodes.noSupervisor : exitCodes.failed;
  }
  const name = typeof error === "object" && error !== null && "name" in error ? error.name : "";
  return name === "UsageError" || name === "ConfigError" ? exitCodes.usage : exitCodes.failed;
}

/** What --json prints on stdout for a failure. */
export function errorAsJson(error: unknown): object {
  if (isSpliceError(error)) {
    const { code, name, kind, message, retryable, details } = error;
    return { error: { code, name, kind, message, retryable, details } };
  }
  const name = typeof error === "object" && error !== null && "name" in error ? String(error.name) : "Error";
  return { error: { code: null, name, kind: "System", message: messageOf(error), retryable: false } };
}
