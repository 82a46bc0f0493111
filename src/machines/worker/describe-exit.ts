// Says in words how a process ended. Pure; completes the sentence "the worker …".

export interface ProcessEnd {
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly stderrTail: string;
  /** Why the supervisor ended it, when it did. */
  readonly killReason: string | null;
  /** The supervisor had told it to stop. */
  readonly wasAsked: boolean;
}

export function describeExit({ exitCode, signal, stderrTail, killReason, wasAsked }: ProcessEnd): string {
  if (wasAsked && exitCode === 0) return "stopped when it was told to";
  if (killReason !== null) return `was ended because ${killReason}`;
  if (/JavaScript heap out of memory/.test(stderrTail)) {
    return `ran out of heap memory (${ended(exitCode, signal)}); raise --max-old-space-size in the pool's execArgv or use less`;
  }
  if (wasAsked) return `was stopped (${signal ?? ended(exitCode, signal)})`;
  if (signal === "SIGKILL")
    return "was killed by SIGKILL (by another process, or by the kernel for lack of memory)";
  return signal === null ? `ended unasked with exit code ${String(exitCode)}` : ended(exitCode, signal);
}

function ended(exitCode: number | null, signal: string | null): string {
  return signal === null ? `exit code ${String(exitCode)}` : `was killed by ${signal}`;
}
