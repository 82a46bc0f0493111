// One function under its configuration, on a clock that a test moves: the real dispatch and the real breaker decide about its
// calls, and no worker is ever started. Knows dispatch and charts; nothing of links and processes.

import { createActor } from "xstate";
import { resolveConfig } from "../config/resolve.js";
import type { SpliceConfig } from "../config/types.js";
import type { Caller } from "../dispatch/call.js";
import { CallerShare } from "../dispatch/caller-share.js";
import { Dispatcher } from "../dispatch/dispatcher.js";
import { Journal } from "../dispatch/journal.js";
import type { WorkerPort } from "../dispatch/worker-state.js";
import { describeValue } from "../errors.js";
import { createIdSource, workerId, type InstanceId } from "../ids.js";
import type { BreakerPicture } from "../machines/breaker/events.js";
import type { BreakersEvent } from "../machines/breakers/events.js";
import { breakersMachine } from "../machines/breakers/machine.js";
import { emptyContextBytes } from "../protocol/context.js";
import { createVirtualClock, type VirtualClock } from "./virtual-clock.js";

/** What becomes of a call that a worker gets: a result; an error that the function throws; no answer in time; a death of it. */
export type RehearsedEnd = "result" | "throws" | "timesOut" | "dies";
const ends: readonly string[] = ["result", "throws", "timesOut", "dies"] satisfies RehearsedEnd[];

export interface FunctionRehearsal {
  /** At 0 when the rehearsal begins; `advance` lets time pass. */
  readonly clock: VirtualClock;
  /** Of the function's breaker. `open`: calls are refused. `halfOpen`: the next one decides. */
  readonly state: "closed" | "open" | "halfOpen";
  /** Why it opened last, as a clause, and whether that was for too many failed calls or for deaths; null before. */
  readonly opened: { readonly reason: "breaker-open" | "quarantined"; readonly why: string } | null;
  /** Makes a call and has it end like this; returns the code that its caller gets, 0 for a result and 3001 where it is refused. Throws an Error for another end. */
  call(end: RehearsedEnd): number;
  /** Lets time pass until an open breaker tries a call; returns how long that took. Throws an Error when it is not open. */
  untilTried(): number;
}

const name = "app.rehearsed";
const params = new Uint8Array(0);
/** Of a call that is not answered: it takes no time that would count. */
const timeoutMs = 1;

/**
 * Rehearses what the breaker of a function does about calls that fail. Of the configuration `breaker` counts. Throws
 * ConfigError for a bad value.
 */
export function rehearseFunction(config: SpliceConfig): FunctionRehearsal {
  const {
    breaker: policy,
    limits,
    health,
  } = resolveConfig(config, { cwd: process.cwd(), defaultWorkers: 1 });
  const clock = createVirtualClock();
  const nextInstance = createIdSource<InstanceId>();
  let opened: FunctionRehearsal["opened"] = null;
  let picture: BreakerPicture | null = null;
  let answer: number | null = null;
  let lastRequestId = 0;
  let instance = nextInstance();

  const { openMs } = policy;
  const moveGate = ({ event }: { event: BreakersEvent }): void => {
    if (!("picture" in event)) return;
    picture = event.picture;
    if (event.type === "breaker.opened") opened = { reason: picture.reason, why: picture.why };
    dispatcher.gates.move(event.name, picture);
  };
  const breakers = createActor(breakersMachine.provide({ actions: { moveGate } }), {
    clock,
    input: { policy: { cooldownMs: openMs, maxCooldownMs: openMs }, clock },
  });
  const dispatcher = new Dispatcher({
    clock,
    journal: new Journal(),
    limits: { ...limits, cancelGraceMs: health.cancelGraceMs, idleTimeoutMs: 0 },
    breaker: {
      policy,
      onFact: (functionName, fact) => {
        breakers.send({ ...fact, functionName });
      },
    },
    onOverdue: () => undefined,
    onWorn: () => undefined,
    onBreach: () => undefined,
  });
  breakers.start();

  const caller: Caller = {
    callerId: 1,
    share: new CallerShare(),
    succeed: () => {
      answer = 0;
    },
    fail: (_, { code }) => {
      answer = code;
    },
  };
  const startWorker = (): void => {
    dispatcher.workers.attach(portOf(instance));
    const exported = { name, isAsync: true, isStreaming: false, paramsSchema: "{}", returnSchema: "{}" };
    const pool = { ready: [instance], outlook: null, exports: [exported] };
    dispatcher.publish({ admission: "open", pools: new Map([["app", pool]]) });
  };
  startWorker();

  const codeNow = (): number | null => answer;
  return {
    clock,
    get state() {
      return picture === null || picture.state === "forcedOpen" ? "closed" : picture.state;
    },
    get opened() {
      return opened;
    },
    call(end) {
      if (!ends.includes(end))
        throw new Error(`A call ends with one of ${ends.join(", ")}; ${describeValue(end)} is none of them.`);
      answer = null;
      const within = end === "timesOut" ? timeoutMs : undefined;
      const callId = dispatcher.invoke(caller, ++lastRequestId, name, params, within, emptyContextBytes);
      if (callId !== 0) {
        while (end === "timesOut" && codeNow() === null) clock.advance(1);
        if (end === "dies") {
          dispatcher.detach(instance, {}, "was killed by SIGKILL", false);
          instance = nextInstance();
          startWorker();
        } else if (end === "throws") {
          const thrown = { code: 2000, kind: "User", message: "it threw", details: null } as const;
          dispatcher.onError(instance, { type: "InvokeError", requestId: callId, ...thrown });
        } else {
          // After a timeout it comes too late, and frees the slot.
          dispatcher.onResult(instance, callId, params, 0);
        }
      }
      const code = codeNow();
      if (code === null) throw new Error("The call was not answered; this is a mistake of the rehearsal.");
      return code;
    },
    untilTried() {
      const atMs = picture?.probeAtMs ?? null;
      if (atMs === null)
        throw new Error("The breaker is not open, and no time decides when it tries a call.");
      const waitMs = Math.max(0, atMs - clock.now());
      clock.advance(waitMs);
      return waitMs;
    },
  };
}

/** A worker that takes everything; what becomes of it is the rehearsal's to say. */
function portOf(instance: InstanceId): WorkerPort {
  const nothing = (): void => undefined;
  return {
    instance,
    workerId: workerId("app", 1),
    pid: Number(instance),
    canCancel: true,
    canStream: false,
    canTakeInput: false,
    maxFrameBytes: 1_048_576,
    queuedBytes: 0,
    maxQueuedBytes: 1_048_576,
    maxCalls: Infinity,
    locate: null,
    sendInvoke: nothing,
    sendCancel: nothing,
    sendAck: nothing,
    sendInput: nothing,
  };
}
