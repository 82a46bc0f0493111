// What the model of a random run knows of calls and workers, the limits it is played under, and how it hears what
// becomes of calls that wait. Knows no step.

import { Journal } from "../../src/dispatch/journal.js";
import type { RunningPlace, WorkerState } from "../../src/dispatch/worker-state.js";
import { id, type Bench, type ScriptedPort } from "./scripted.js";

export const runLimits = {
  maxInFlight: 4,
  maxInFlightPerFunction: 2,
  maxQueue: 3,
  maxQueueWaitMs: 60,
  defaultTimeoutMs: 300,
  cancelGraceMs: 40,
};

/** Breakers that open and close often within one run. */
export const runBreaker = {
  failureRatio: 0.5,
  minCalls: 2,
  windowMs: 400,
  openMs: 8,
  quarantineCrashes: 1,
  quarantineWithinMs: 300,
  quarantineMs: 15,
};

/** A time is met within a bucket of the deadlines, and seen after it. */
export const slackMs = 6;

/** How much longer a caller waits to be told where its call is stuck, at the most. */
export const locateMs = 200;

export interface ModelCall {
  readonly callId: number;
  readonly functionName: string;
  readonly pool: number;
  /** When it has to be answered, at the latest, by a worker without a guard. */
  readonly answerByMs: number;
  /** When it has to have a slot or an answer, if it waits for one. */
  readonly waitByMs: number;
  readonly callerId: number;
  readonly requestId: number;
  /** The process it was sent to. */
  instance: number;
  isAnswered: boolean;
  answeredAtMs: number;
  /** When its worker should have answered: the first of its deadline and its Cancel. */
  overAtMs: number;
  /** Its worker was told on for it. */
  isToldOn: boolean;
}

export interface ModelWorker {
  readonly instance: number;
  readonly pool: number;
  readonly port: ScriptedPort;
  readonly state: WorkerState;
  /** Ids it was sent and has not answered. */
  readonly open: Set<number>;
  readonly answered: number[];
  /** What is waited for, and has not come yet. */
  readonly watched: Set<"idle" | "quiet">;
  isReady: boolean;
  /** It answered what it was never sent: nothing it says counts any more. */
  isBreached: boolean;
}

/** A verifier's answer that is to come; its call may have ended by now. */
export interface PendingWord<Word> {
  readonly requestId: number;
  readonly say: (word: Word) => void;
}

/** A guard that was asked and has not said yet what it sees. */
export type PendingPlace = (place: RunningPlace | null) => void;

export const stuckPlace: RunningPlace = { function: "f", file: "/app/f.ts", line: 7, lagMs: 290 };

/** How many calls of the worker have callers that still wait. */
export function liveCalls(calls: ReadonlyMap<number, ModelCall>, { open }: ModelWorker): number {
  return [...open].filter((callId) => calls.get(callId)?.isAnswered === false).length;
}

interface Watching {
  readonly bench: Bench;
  readonly calls: ReadonlyMap<number, ModelCall>;
  readonly heard: Set<"idle" | "quiet">;
}

/** Asks to be told when the worker is idle or quiet, and holds what is then said against the model. */
export function watch({ bench, calls, heard }: Watching, worker: ModelWorker, what: "idle" | "quiet"): void {
  const { instance, open, watched } = worker;
  if (watched.has(what)) return;
  watched.add(what);
  const onHeard = () => {
    heard.add(what);
    const count = what === "idle" ? open.size : liveCalls(calls, worker);
    if (count > 0)
      throw new Error(`Process ${String(instance)} with ${String(count)} calls is said to be ${what}`);
    if (!watched.delete(what)) throw new Error(`Process ${String(instance)} is said to be ${what} twice`);
  };
  if (what === "idle") bench.dispatcher.workers.whenIdle(id(instance), onHeard);
  else bench.dispatcher.workers.whenQuiet(id(instance), onHeard);
}

export interface ToldEntry {
  readonly kind: Parameters<Journal["record"]>[0];
  readonly callId: number;
  readonly code: number;
  readonly functionName: string;
}

/** Tells the model what becomes of calls, when it becomes of them. */
export class ToldJournal extends Journal {
  onEntry: (entry: ToldEntry) => void = () => undefined;

  override record(...entry: Parameters<Journal["record"]>): void {
    super.record(...entry);
    const [kind, , callId, , code = 0, , functionName = ""] = entry;
    this.onEntry({ kind, callId, code, functionName });
  }
}
