// What stands around a dispatcher in these tests: worker processes and callers that do what the test says and
// remember what they were told, and the real breakers of the control plane on the same clock.

import { createActor } from "xstate";
import { defaults } from "../../src/config/defaults.js";
import type { ResolvedBreaker } from "../../src/config/types.js";
import type { Caller, CallFailure, StreamCaller } from "../../src/dispatch/call.js";
import { CallerShare } from "../../src/dispatch/caller-share.js";
import { Dispatcher } from "../../src/dispatch/dispatcher.js";
import { Verification, type VerificationPorts } from "../../src/dispatch/verification.js";
import { Journal } from "../../src/dispatch/journal.js";
import type { InputMessage, WorkerPort } from "../../src/dispatch/worker-state.js";
import { workerId, type CallId, type InstanceId } from "../../src/ids.js";
import type { BreakerReport } from "../../src/machines/breaker/events.js";
import type { BreakersEvent, CallBreakerEvent } from "../../src/machines/breakers/events.js";
import { breakersMachine } from "../../src/machines/breakers/machine.js";
import type { Admission, RouteTable } from "../../src/machines/router/route-table.js";
import { emptyContextBytes } from "../../src/protocol/context.js";
import type { ExportMetadata, U64 } from "../../src/protocol/messages.js";
import { ProtocolError } from "../../src/protocol/protocol-error.js";
import { decodeValue } from "../../src/protocol/values.js";
import { createVirtualClock, type VirtualClock } from "../../src/testing/virtual-clock.js";

export const id = (instance: number): InstanceId => instance as InstanceId;
export const noBytes = new Uint8Array(0);

export interface SentInvoke {
  readonly callId: number;
  readonly name: string;
  readonly deadlineMs: number;
  readonly contextBytes: Uint8Array;
}

/** A worker process: keeps what it was sent, answers when the test answers for it. */
export class ScriptedPort implements WorkerPort {
  readonly instance: InstanceId;
  readonly workerId;
  readonly pid: number;
  canCancel = true;
  canStream = true;
  canTakeInput = true;
  maxFrameBytes = 1000;
  queuedBytes = 0;
  maxQueuedBytes = 2000;
  maxCalls = Infinity;
  /** What its guard says when it is asked; null: it has none. */
  locate: WorkerPort["locate"] = null;
  readonly invokes: SentInvoke[] = [];
  readonly cancels: number[] = [];
  readonly inputs: InputMessage[] = [];
  readonly acks: [callId: number, sequence: number, window: number][] = [];
  onInvoke: (callId: number, contextBytes: Uint8Array) => void = () => undefined;

  constructor(instance: number) {
    this.instance = id(instance);
    this.workerId = workerId("app", instance);
    this.pid = 1000 + instance;
  }

  /** The ids it was sent, oldest first. */
  get ids(): number[] {
    return this.invokes.map((invoke) => invoke.callId);
  }

  sendInvoke(
    callId: number,
    name: string,
    params: Uint8Array,
    deadlineMs: number,
    contextBytes: Uint8Array,
  ): void {
    if (params.length > this.maxFrameBytes) {
      throw new ProtocolError("frame-too-large", "The frame is too large.");
    }
    this.invokes.push({ callId, name, deadlineMs, contextBytes });
    this.onInvoke(callId, contextBytes);
  }

  /** True when that call is of a streaming function; those of these tests are named s. */
  isStream(callId: number): boolean {
    return this.invokes.find((invoke) => invoke.callId === callId)?.name.endsWith("s") === true;
  }

  sendAck(callId: number, sequence: number, window: number): void {
    this.acks.push([callId, sequence, window]);
  }

  sendInput(message: InputMessage): void {
    if (message.type === "StreamChunk" && message.data.length > this.maxFrameBytes) {
      throw new ProtocolError("frame-too-large", "The frame is too large.");
    }
    this.inputs.push(message);
  }

  sendCancel(callId: number): void {
    this.cancels.push(callId);
  }
}

export interface Answer {
  readonly requestId: U64;
  /** 0 is a result. */
  readonly code: number;
  readonly message: string;
  readonly details: unknown;
  readonly callId: number;
}

export class ScriptedCaller implements Caller {
  readonly share = new CallerShare();
  readonly answers: Answer[] = [];
  onAnswer: (answer: Answer) => void = () => undefined;

  constructor(readonly callerId = 1) {}

  /** The codes of the answers to one request; exactly one when all is well. */
  codes(requestId: number): number[] {
    return this.answers.filter((answer) => answer.requestId === requestId).map((answer) => answer.code);
  }

  get last(): Answer | undefined {
    return this.answers.at(-1);
  }

  succeed(requestId: U64): void {
    this.#hear({ requestId, code: 0, message: "", details: undefined, callId: 0 });
  }

  fail(requestId: U64, { code, message, details }: CallFailure, callId: CallId): void {
    this.#hear({ requestId, code, message, details: details && decodeValue(details), callId });
  }

  #hear(answer: Answer): void {
    this.answers.push(answer);
    this.onAnswer(answer);
  }
}

/** A caller that takes streams: it keeps what came of them, in the order in which it came. */
export class StreamingCaller extends ScriptedCaller {
  readonly heard: string[] = [];
  /** What becomes of a call whose next chunk cannot reach it. */
  refusal: CallFailure | null = null;
  onStream: (requestId: U64, what: { window: number } | { sequence: number; bytes: number }) => void = () =>
    undefined;

  readonly streams: StreamCaller = {
    refusalOf: () => null,
    started: (requestId, window) => {
      this.heard.push(`${String(requestId)} start ${String(window)}`);
      this.onStream(requestId, { window });
    },
    chunk: (requestId, sequence, { length: bytes }) => {
      if (this.refusal !== null) return this.refusal;
      this.heard.push(`${String(requestId)} chunk ${String(sequence)}`);
      this.onStream(requestId, { sequence, bytes });
      return null;
    },
    ended: (requestId, totalChunks) => {
      this.heard.push(`${String(requestId)} end ${String(totalChunks)}`);
      this.succeed(requestId);
    },
  };

  override fail(requestId: U64, failure: CallFailure, callId: CallId): void {
    this.heard.push(`${String(requestId)} error ${String(failure.code)}`);
    super.fail(requestId, failure, callId);
  }
}

export const exported = (name: string, isStreaming = false): ExportMetadata => ({
  name,
  isAsync: true,
  isStreaming,
  paramsSchema: "{}",
  returnSchema: "{}",
});

export interface PoolOfTest {
  readonly ready?: readonly number[];
  readonly isDue?: boolean;
  readonly exports?: readonly ExportMetadata[];
}

export const table = (pools: Record<string, PoolOfTest>, admission: Admission = "open"): RouteTable => ({
  admission,
  pools: new Map(
    Object.entries(pools).map(([name, { ready = [], isDue = false, exports = [exported("f")] }]) => [
      name,
      {
        ready: ready.map(id),
        outlook: isDue ? null : { reason: "no-worker", why: "has no worker", retryAtMs: null },
        exports,
      },
    ]),
  ),
});

export interface Bench {
  readonly clock: VirtualClock;
  readonly journal: Journal;
  readonly dispatcher: Dispatcher;
  readonly caller: ScriptedCaller;
  /** Workers that were told on for a call they have not answered, and that call's function. */
  readonly overdue: [number, string][];
  /** Workers that have been given as many calls as they should get. */
  readonly worn: number[];
  readonly breaches: [number, string][];
  /** What the verifier threw, rejected with or gave instead of a boolean, by function. */
  readonly verifierFailures: [string, unknown][];
  readonly faults: unknown[];
  /** What dispatch told the breakers: "f failure.recorded", … */
  readonly facts: string[];
  /** What the breakers reported. */
  readonly reports: BreakerReport[];
  /** Attaches a worker process of the given number. */
  attach(instance: number): ScriptedPort;
  /** Makes these the ready workers of the one pool "app", which exports f, g and the stream s. */
  ready(...instances: number[]): void;
  /** Calls `name` as the next request of `caller`; returns the id, 0 when it was refused. */
  call(name?: string, timeoutMs?: number, paramsBytes?: number, contextBytes?: Uint8Array): number;
  /** The same as another caller. */
  callAs(caller: ScriptedCaller, name?: string, timeoutMs?: number): number;
  result(instance: number, callId: number): void;
  error(instance: number, callId: number, code?: number): void;
  exit(instance: number, wasAsked?: boolean): void;
  /** Says something to the breakers that does not come from dispatch. */
  tell(event: BreakersEvent): void;
  kinds(): string[];
}

export const appExports = [exported("f"), exported("g"), exported("s", true)];

/** A bench does not open breakers unless its test says when. */
const patientBreaker: ResolvedBreaker = { ...defaults.breaker, minCalls: 1_000_000, quarantineCrashes: 0 };

export interface BenchLimits {
  readonly maxInFlight?: number;
  readonly maxInFlightPerFunction?: number;
  readonly maxQueue?: number;
  readonly maxQueueWaitMs?: number;
  readonly defaultTimeoutMs?: number;
  readonly cancelGraceMs?: number;
  readonly idleTimeoutMs?: number;
}

export function createBench(
  limits: BenchLimits = {},
  verify?: VerificationPorts["verify"],
  breaker: Partial<ResolvedBreaker> = {},
  journal = new Journal(8192),
): Bench {
  const clock = createVirtualClock();
  const policy = { ...patientBreaker, ...breaker };
  const facts: string[] = [];
  const reports: BreakerReport[] = [];
  const overdue: [number, string][] = [];
  const worn: number[] = [];
  const breaches: [number, string][] = [];
  const verifierFailures: [string, unknown][] = [];
  const faults: unknown[] = [];
  const dispatcher = new Dispatcher({
    clock,
    journal,
    limits: {
      maxInFlight: 100,
      maxInFlightPerFunction: 50,
      maxQueue: 0,
      maxQueueWaitMs: 1000,
      defaultTimeoutMs: 30_000,
      cancelGraceMs: 2000,
      idleTimeoutMs: 0,
      ...limits,
    },
    breaker: {
      policy,
      onFact: (functionName: string, fact: CallBreakerEvent) => {
        facts.push(`${functionName} ${fact.type}`);
        breakers.send({ ...fact, functionName });
      },
    },
    onOverdue: (instance, name) => {
      overdue.push([instance, name]);
    },
    onWorn: (instance) => {
      worn.push(instance);
    },
    onBreach: (instance, reason) => {
      breaches.push([instance, reason]);
    },
    verification:
      verify &&
      new Verification({
        verify,
        onFailed: (...failed) => verifierFailures.push(failed),
        onFault: (error) => faults.push(error),
      }),
  });
  const moveGate = ({ event }: { event: BreakersEvent }): void => {
    if (!("picture" in event)) return;
    reports.push(event);
    dispatcher.gates.move(event.name, event.picture);
  };
  const { openMs } = policy;
  const breakers = createActor(breakersMachine.provide({ actions: { moveGate } }), {
    clock,
    input: { policy: { cooldownMs: openMs, maxCooldownMs: openMs }, clock },
  }).start();
  const caller = new ScriptedCaller();
  let lastRequestId = 0;
  return {
    clock,
    journal,
    dispatcher,
    caller,
    overdue,
    worn,
    breaches,
    verifierFailures,
    faults,
    facts,
    reports,
    tell: (event) => {
      breakers.send(event);
    },
    attach(instance) {
      const port = new ScriptedPort(instance);
      dispatcher.workers.attach(port);
      return port;
    },
    ready(...instances) {
      dispatcher.publish(table({ app: { ready: instances, exports: appExports } }));
    },
    call(name = "f", timeoutMs, paramsBytes = 0, contextBytes = emptyContextBytes) {
      const params = new Uint8Array(paramsBytes);
      return dispatcher.invoke(caller, ++lastRequestId, name, params, timeoutMs, contextBytes);
    },
    callAs(other, name = "f", timeoutMs) {
      return dispatcher.invoke(other, ++lastRequestId, name, noBytes, timeoutMs, noBytes);
    },
    result(instance, callId) {
      dispatcher.onResult(id(instance), callId, noBytes, 1);
    },
    error(instance, callId, code = 2000) {
      const kind = "User" as const;
      dispatcher.onError(id(instance), {
        type: "InvokeError",
        requestId: callId,
        code,
        kind,
        message: "it threw",
        details: null,
      });
    },
    exit(instance, wasAsked = false) {
      const details = { worker: `app:${String(instance)}` };
      dispatcher.detach(id(instance), details, "was killed by SIGKILL", wasAsked);
    },
    kinds: () => [...journal.entries()].map((entry) => entry.kind),
  };
}
