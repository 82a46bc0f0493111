// The supervisor's end of a worker's guard link: asks the worker's guard thread where its main thread is. That the link
// is there is what watches over the supervisor's own end; nothing has to be done for it. It judges no worker.

import type { Socket } from "node:net";
import type { Clock } from "../time.js";

/** What a guard says of its worker's main thread at one moment. */
export interface WhereAnswer {
  /** The name of the function that runs: "pdf.render"; null when none does, or it cannot be known. */
  readonly function: string | null;
  /** Absolute path of the user's source file; null when none of its code runs, or when native code is running. */
  readonly file: string | null;
  /** From 1; null with `file`. */
  readonly line: number | null;
  /** How long the main loop has been standing still; 0 when it does not. */
  readonly lagMs: number;
}

export interface GuardLink {
  /** Null when there is no guard, when it does not answer within a second, and when it answers what no answer is. */
  where(): Promise<WhereAnswer | null>;
}

/** For a worker without a guard, such as one that is a program of somebody else's. */
export const noGuard: GuardLink = { where: () => Promise.resolve(null) };

/** The guard itself gives up after half of it; the rest is for a machine that is busy. */
const answerWithinMs = 1000;
/** A function can write to the descriptor too: what is no line is not collected. */
const maxLineChars = 65_536;

export function createGuardLink(socket: Socket, clock: Clock): GuardLink {
  /** At most one question is on its way; whoever asks meanwhile hears its answer, which is as fresh. */
  let isAsked = false;
  let isOver = false;
  let pending = "";
  const waiting = new Set<(answer: WhereAnswer | null) => void>();

  function answer(said: WhereAnswer | null): void {
    isAsked = false;
    for (const resolve of [...waiting]) resolve(said);
  }

  function over(): void {
    isOver = true;
    pending = "";
    answer(null);
  }

  socket.setEncoding("utf8");
  socket.on("data", (text: string) => {
    const lines = (pending + text).split("\n");
    pending = lines.pop() ?? "";
    for (const line of lines) answer(readAnswer(line));
    if (pending.length > maxLineChars) socket.destroy();
  });
  // The end of the process shows elsewhere.
  for (const end of ["end", "error", "close"]) socket.on(end, over);

  return {
    where() {
      if (isOver) return Promise.resolve(null);
      return new Promise((resolve) => {
        const heard = (said: WhereAnswer | null): void => {
          clock.clearTimeout(timer);
          waiting.delete(heard);
          resolve(said);
        };
        const timer = clock.setTimeout(() => {
          heard(null);
        }, answerWithinMs);
        waiting.add(heard);
        if (isAsked) return;
        isAsked = true;
        socket.write("where\n");
      });
    },
  };
}

function readAnswer(line: string): WhereAnswer | null {
  let said: unknown;
  try {
    said = JSON.parse(line);
  } catch {
    return null;
  }
  if (typeof said !== "object" || said === null) return null;
  const { function: name, file, line: number, lagMs } = said as Readonly<Record<string, unknown>>;
  if (!isTextOrNull(name) || !isTextOrNull(file)) return null;
  if (number !== null && !isCount(number)) return null;
  if (!isCount(lagMs)) return null;
  return { function: name, file, line: number, lagMs };
}

function isTextOrNull(value: unknown): value is string | null {
  return value === null || typeof value === "string";
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
