// How a command ends when it fails: its exit code and its sentence, on stderr and, for machines, on stdout.

import { type ConfigError, isSpliceError, messageOf, publicError } from "../errors.js";

/** Wrong use: an unknown flag, input that is no JSON, a bad configuration. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

export const exitCodes = { ok: 0, failed: 1, usage: 2, noSupervisor: 3 } as const;

/** By name, since their classes are loaded with the commands that throw them. */
const usageErrors = ["UsageError", "ConfigError", "DistError"];

export function exitCodeOf(error: unknown): number {
  if (isSpliceError(error)) {
    const { details } = error;
    const isMissing =
      typeof details === "object" &&
      details !== null &&
      "reason" in details &&
      details.reason === "no-supervisor";
    return isMissing ? exitCodes.noSupervisor : exitCodes.failed;
  }
  const name = typeof error === "object" && error !== null && "name" in error ? error.name : "";
  return usageErrors.includes(String(name)) ? exitCodes.usage : exitCodes.failed;
}

/** What --json prints on stdout for a failure. */
export function errorAsJson(error: unknown): object {
  if (isSpliceError(error)) return { error: publicError(error) };
  const name = typeof error === "object" && error !== null && "name" in error ? String(error.name) : "Error";
  const details = name === "ConfigError" ? configDetails(error as ConfigError) : undefined;
  return {
    error: { code: null, name, kind: "System", message: sentenceOf(error), retryable: false, details },
  };
}

/** The value itself may be anything, even endless; the message shows it. */
function configDetails({ file, path, expected }: ConfigError): object {
  return { file, path, expected };
}

/** The heading and the frames of a stack inside a longer text, such as what a worker printed before it ended. */
const stacks = /^.*\n(?:[ \t]+at .*(?:\n|$))+/gm;

/** What a person is told of a failure: its message, without the stacks that a worker's last words may hold. */
export function sentenceOf(error: unknown): string {
  return messageOf(error).replace(stacks, "").trimEnd();
}
