// How a link and its process end, or do not: the steps about that. Knows no message.

import { type Conversation, endingText } from "./conversation.js";
import { RuleBroken } from "./rule-broken.js";
import type { Subject } from "./subject.js";

/** Signals and exit codes of a process that fell, and did not decide to end. */
const crashSignals: ReadonlySet<string> = new Set([
  "SIGABRT",
  "SIGSEGV",
  "SIGBUS",
  "SIGILL",
  "SIGFPE",
  "SIGTRAP",
]);
const crashCodes: ReadonlySet<number> = new Set([132, 133, 134, 135, 136, 137, 139]);
const memoryPollMs = 10;
const bytesPerMb = 1024 * 1024;

/** Why nothing more is to be expected of the peer, as the end of a sentence about it. */
export function whyNothingComes({ breach, isClosed, ending }: Conversation): string | undefined {
  if (breach !== undefined) return `sent what no decoder takes (${breach})`;
  if (ending !== undefined) return `ended ${endingText(ending)}`;
  return isClosed ? "closed the link" : undefined;
}

export async function expectOpen(conversation: Conversation, who: string, quietMs: number): Promise<void> {
  const why = await conversation.until(() => whyNothingComes(conversation), quietMs);
  if (why !== undefined) throw new RuleBroken("the link to stay open", `${who} ${why}`);
}

export async function expectClose(conversation: Conversation, patienceMs: number): Promise<void> {
  const isClosed = await conversation.until(() => conversation.isClosed || undefined, patienceMs);
  if (isClosed !== undefined) return;
  throw new RuleBroken("the link to be closed", `it was still open after ${String(patienceMs)} ms`);
}

export async function expectExit(
  conversation: Conversation,
  isOrderly: boolean,
  patienceMs: number,
): Promise<void> {
  const ending = await conversation.until(() => conversation.ending, patienceMs);
  if (ending === undefined)
    throw new RuleBroken("the process to end", `it was still there after ${String(patienceMs)} ms`);
  const { signal, exitCode } = ending;
  const fell = crashSignals.has(signal ?? "") || (exitCode !== null && crashCodes.has(exitCode));
  if (isOrderly && fell)
    throw new RuleBroken("the process to end by itself", `it ended ${endingText(ending)}`);
}

/** Tells when the process occupies more than it may; returns how to stop watching. */
export function watchMemory(
  subject: Subject,
  maxGrowthMb: number | undefined,
  onGrown: (broken: RuleBroken) => void,
): () => void {
  const before = subject.rssBytes?.();
  if (maxGrowthMb === undefined || before === undefined) return () => undefined;
  const timer = setInterval(() => {
    const grownMb = ((subject.rssBytes?.() ?? before) - before) / bytesPerMb;
    if (grownMb <= maxGrowthMb) return;
    const limit = `the process to grow by ${String(maxGrowthMb)} MiB at most`;
    onGrown(new RuleBroken(limit, `it grew by ${grownMb.toFixed(0)} MiB`));
  }, memoryPollMs);
  return () => {
    clearInterval(timer);
  };
}
