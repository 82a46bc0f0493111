// What a worker's chart knows: which place it fills, which process fills it now, and how that ended. Types, and the pure
// changes that are more than one field.

import type { ActorRef, Snapshot } from "xstate";
import type { InstanceId, WorkerId } from "../../ids.js";
import type { ExportMetadata } from "../../protocol/messages.js";
import { describeExit } from "./describe-exit.js";
import type { WorkerEvent, WorkerExit, WorkerReport } from "./events.js";

export interface WorkerTimings {
  /** From spawn until it must be ready. */
  readonly connectTimeoutMs: number;
  /** From the Shutdown message to SIGTERM. */
  readonly shutdownMs: number;
  /** From SIGTERM to SIGKILL. */
  readonly terminateMs: number;
}

export interface WorkerInput {
  readonly memberId: string;
  readonly workerId: WorkerId;
  readonly pool: string;
  readonly generation: number;
  /** It is ready only when it has answered a health check. */
  readonly isToProve: boolean;
  readonly timings: WorkerTimings;
  readonly maxMisses: number;
  readonly nextInstance: () => InstanceId;
  readonly parent: ActorRef<Snapshot<unknown>, WorkerReport>;
}

export interface WorkerContext extends WorkerInput {
  readonly instance: InstanceId;
  readonly pid: number | null;
  readonly exports: readonly ExportMetadata[];
  readonly lagMs: number;
  readonly isLinkOpen: boolean;
  /** How its link ended, when it did: a clause such as "it closed its link". */
  readonly linkEnd: string;
  readonly wasReady: boolean;
  readonly wasAsked: boolean;
  readonly killReason: string | null;
  readonly startDelayMs: number;
  readonly drainMs: number;
  /** The call that it was condemned for. */
  readonly overdue: Overdue;
  readonly exit: WorkerExit;
}

interface Overdue {
  readonly functionName: string;
  readonly reason: string;
  readonly isResponsive: boolean;
}

/** What the actors of one process are told: which one it is. */
export interface InstanceInput {
  readonly instance: InstanceId;
  readonly workerId: WorkerId;
  readonly pool: string;
  readonly generation: number;
}

/** One rung of the kill ladder. */
export type KillInput = InstanceInput & { readonly signal: "SIGTERM" | "SIGKILL" };

/** What to find out of a condemned worker. */
export type ExamineInput = InstanceInput & { readonly functionName: string; readonly reason: string };

export type SendShutdown = { type: "link.shutdown" };

/** A process that closed its link is given this long to end by itself, so that its own end is what is reported. */
export const linkGraceMs = 200;
/** An ended process may have left answers in its link; they are read until it closes, but no longer than this. */
export const reapMs = 50;

export const noExit: WorkerExit = {
  wasAsked: false,
  wasReady: false,
  exitCode: null,
  signal: null,
  how: "",
  stderrTail: "",
};

const noOverdue: Overdue = { functionName: "", reason: "", isResponsive: true };

export const instanceInput = ({ context }: { context: WorkerContext }): InstanceInput => ({
  instance: context.instance,
  workerId: context.workerId,
  pool: context.pool,
  generation: context.generation,
});

export const examineInput = ({ context }: { context: WorkerContext }): ExamineInput => ({
  ...instanceInput({ context }),
  functionName: context.overdue.functionName,
  reason: context.overdue.reason,
});

export function newWorkerContext(input: WorkerInput): WorkerContext {
  return {
    ...input,
    instance: 0 as InstanceId,
    pid: null,
    exports: [],
    lagMs: 0,
    isLinkOpen: false,
    linkEnd: "",
    wasReady: false,
    wasAsked: false,
    killReason: null,
    startDelayMs: 0,
    drainMs: 0,
    overdue: noOverdue,
    exit: noExit,
  };
}

/** A new process takes the place; nothing of the last one holds for it. */
export function newInstance(context: WorkerContext): Partial<WorkerContext> {
  return {
    instance: context.nextInstance(),
    pid: null,
    lagMs: 0,
    isLinkOpen: false,
    wasReady: false,
    wasAsked: false,
    killReason: null,
    exit: noExit,
  };
}

/** How it ended, from the fact of its end. */
export function exitChange(context: WorkerContext, event: WorkerEvent): Partial<WorkerContext> {
  const { wasAsked, wasReady, killReason } = context;
  if (event.type === "process.failed") {
    const how = `could not be started: ${event.reason}`;
    return { isLinkOpen: false, exit: { ...noExit, wasAsked, how } };
  }
  if (event.type !== "process.exited") return {};
  const { exitCode, signal, stderrTail } = event;
  const how = describeExit({ exitCode, signal, stderrTail, killReason, wasAsked });
  return { exit: { wasAsked, wasReady, exitCode, signal, how, stderrTail } };
}

/** Of one that there never was a process for. */
export function faultChange({ wasAsked }: WorkerContext): Partial<WorkerContext> {
  return {
    isLinkOpen: false,
    exit: { ...noExit, wasAsked, how: "could not be started: its process actor failed" },
  };
}

/** A call of it is overdue; nothing else is known yet. */
export function condemnedChange(event: WorkerEvent): Partial<WorkerContext> {
  if (event.type !== "worker.condemn") return {};
  const { functionName, reason, drainMs } = event;
  return { drainMs, overdue: { functionName, reason, isResponsive: true } };
}

export function examinedChange({ overdue }: WorkerContext, event: WorkerEvent): Partial<WorkerContext> {
  return event.type === "worker.examined"
    ? { overdue: { ...overdue, isResponsive: event.isResponsive } }
    : {};
}

/** Who answers, but not that call, is ended as one that was asked to; who answers nothing has died of it. */
export function overdueChange({ overdue, wasAsked }: WorkerContext): Partial<WorkerContext> {
  return {
    killReason: overdue.isResponsive ? overdue.reason : `${overdue.reason}, nor anything else`,
    wasAsked: wasAsked || overdue.isResponsive,
  };
}
