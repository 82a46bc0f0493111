// The story of a call as a person reads it: who called what, then a line for each step. Pure.

import type { CallStep, CallStory } from "../contract/call-story.js";
import type { BreakerStatus } from "../contract/status.js";

/** Lines without their ends. */
export function storyLines(story: CallStory): readonly string[] {
  const { requestId, connection, hostRequestId, functionName, atMs, isOver, steps, pool } = story;
  const caller = connection === 0 ? "the embedding program" : `connection ${String(connection)}`;
  const own = requestId === null ? "" : `call ${String(requestId)}, `;
  const head = `${functionName}  ${own}request ${String(hostRequestId)} of ${caller}, ${new Date(atMs).toISOString()}`;
  const breakers = [`${functionName} ${breakerText(story.functionBreaker)}`];
  if (pool !== null) breakers.push(`pool ${pool} ${breakerText(story.poolBreaker)}`);
  return [
    head,
    ...steps.map((step) => `  ${afterText(step.afterMs)}  ${stepText(step)}`),
    ...(isOver ? [] : ["  it is not over"]),
    `  breakers now: ${breakers.join(", ")}`,
  ];
}

function afterText(afterMs: number): string {
  return `+${afterMs.toFixed(1)} ms`.padStart(13);
}

function stepText(step: CallStep): string {
  const worker =
    step.worker === undefined
      ? "a worker"
      : `${step.worker} (generation ${String(step.generation)}, process ${String(step.pid)})`;
  switch (step.step) {
    case "waited":
      return `waited for a slot; ${leftText(step.leftMs)}`;
    case "accepted":
      return `was let in; ${leftText(step.leftMs)}`;
    case "refused":
      return `was refused, and never ran: ${outcomeText(step)}`;
    case "dispatched":
      return `was sent to ${worker}`;
    case "cancelSent":
      return `${worker} was told to cancel it`;
    case "answered":
      return `was answered: ${outcomeText(step)}`;
    case "lateAnswer":
      return `${worker} answered too late; nobody saw that`;
    case "slotFreed":
      return "gave its slot back";
  }
}

function leftText(leftMs: number | undefined): string {
  return leftMs === undefined || leftMs === Infinity
    ? "it had no deadline"
    : `its deadline was in ${leftMs.toFixed(0)} ms`;
}

function outcomeText({ code, name, message }: CallStep): string {
  return code === 0 ? "with its result" : `${String(code)} ${name ?? ""}: ${message ?? ""}`;
}

function breakerText(breaker: BreakerStatus | null): string {
  if (breaker === null) return "closed";
  const { state, retryAfterMs } = breaker;
  return retryAfterMs === null ? state : `${state} for ${String(retryAfterMs)} ms`;
}
