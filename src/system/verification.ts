// From the configured `verify` to what dispatch asks: its failures go into the log, at a bounded rate. What a verifier
// throws may name people, tokens and hosts, so that it reaches the operator and no caller.

import { escapeControls } from "../actors/worker-output.js";
import type { ResolvedConfig } from "../config/types.js";
import { Verification } from "../dispatch/verification.js";
import { messageOf } from "../errors.js";
import type { Log } from "../log.js";
import type { Clock } from "../time.js";

/** Enough to see what is wrong; a verifier that fails fails on every call. */
const maxLinesPerSecond = 10;
const maxMessageChars = 2000;

export interface VerificationLogPorts {
  readonly log: Log;
  readonly clock: Clock;
}

/** Undefined where there is no verifier, so that calls pay nothing for it. */
export function createVerification(
  verify: ResolvedConfig["verify"],
  ports: VerificationLogPorts,
  onFault: (error: unknown) => void,
): Verification | undefined {
  if (verify === null) return undefined;
  return new Verification({ verify, onFailed: createFailureLog(ports), onFault });
}

/** Above 10 lines a second they are dropped, and counted in the next one that is written. */
function createFailureLog({ log, clock }: VerificationLogPorts) {
  let sinceMs = -Infinity;
  let lines = 0;
  let dropped = 0;
  return (functionName: string, thrown: unknown): void => {
    const nowMs = clock.now();
    if (nowMs - sinceMs >= 1000) {
      sinceMs = nowMs;
      lines = 0;
    }
    lines += 1;
    if (lines > maxLinesPerSecond) {
      dropped += 1;
      return;
    }
    const fields = { function: functionName, ...(dropped === 0 ? {} : { dropped }) };
    dropped = 0;
    log.warn(`The verifier failed, so that a call was refused: ${shown(thrown)}`, fields);
  };
}

/** Whatever was thrown: reading it may throw in turn, and a call is waiting for its refusal. */
function shown(thrown: unknown): string {
  try {
    return escapeControls(messageOf(thrown).slice(0, maxMessageChars));
  } catch {
    return "what it threw cannot be shown";
  }
}
