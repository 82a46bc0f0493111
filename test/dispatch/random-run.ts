// Random runs of a dispatcher beside a small model of it: callers, two pools and up to four processes that answer,
// stay silent, lie and die. The model knows only what a caller is promised, not how dispatch keeps it.

import fc from "fast-check";
import type { CallId } from "../../src/ids.js";
import type { Admission } from "../../src/machines/router/route-table.js";
import { decodeContext, encodeContext } from "../../src/protocol/context.js";
import type { HostEvent } from "../../src/testing/history/events.js";
import { createBench, exported, id, ScriptedCaller, table, type Bench } from "./scripted.js";

export const runLimits = {
  maxInFlight: 12,
  maxInFlightPerFunction: 6,
  defaultTimeoutMs: 300,
  cancelGraceMs: 40,
};

const pools = ["a", "b"] as const;
const functionNames = ["a.f", "a.g", "b.f", "b.g", "b.s", "none"];

/** What the verifier says of a call at once; of one that it keeps waiting it says another word later, or none. */
const words = ["yes", "yes", "yes", "no", "throws", "odd", "later", "later"] as const;
type Word = (typeof words)[number];
type LaterWord = Exclude<Word, "later">;

export type Step =
  | { do: "invoke"; name: string; caller: number; timeoutMs: number | undefined; bytes: number; word: Word }
  | { do: "verdict"; pick: number; word: LaterWord }
  | { do: "turn" }
  | { do: "answer"; worker: number; pick: number; isError: boolean }
  | { do: "answerAgain"; worker: number; pick: number }
  | { do: "answerUnknown"; worker: number }
  | { do: "cancel"; pick: number; answerNow: boolean }
  | { do: "advance"; ms: number }
  | { do: "spawn"; pool: 0 | 1; canCancel: boolean; answersAtOnce: boolean }
  | { do: "exit"; worker: number; isPublishedFirst: boolean }
  | { do: "isDue"; pool: 0 | 1; isDue: boolean }
  | { do: "choke"; worker: number; queuedBytes: number }
  | { do: "admission"; admission: Admission }
  | { do: "endDrain" };

const one = <const Name extends string, Fields extends object>(
  name: Name,
  fields: { [Key in keyof Fields]: fc.Arbitrary<Fields[Key]> },
) => fc.record({ do: fc.constant(name), ...fields }) as unknown as fc.Arbitrary<{ do: Name } & Fields>;

const timeouts = fc.constantFrom(undefined, 0, 0.5, 5, 20, 100, Infinity);

export const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 12,
      arbitrary: one("invoke", {
        name: fc.constantFrom(...functionNames),
        caller: fc.nat(2),
        timeoutMs: timeouts,
        bytes: fc.constantFrom(0, 0, 0, 0, 1001),
        word: fc.constantFrom(...words),
      }),
    },
    {
      weight: 3,
      arbitrary: one("verdict", {
        pick: fc.nat(9),
        word: fc.constantFrom<LaterWord>("yes", "yes", "no", "throws", "odd"),
      }),
    },
    { weight: 4, arbitrary: one("turn", {}) },
    { weight: 8, arbitrary: one("answer", { worker: fc.nat(5), pick: fc.nat(9), isError: fc.boolean() }) },
    { weight: 1, arbitrary: one("answerAgain", { worker: fc.nat(5), pick: fc.nat(9) }) },
    { weight: 1, arbitrary: one("answerUnknown", { worker: fc.nat(5) }) },
    { weight: 3, arbitrary: one("cancel", { pick: fc.nat(20), answerNow: fc.boolean() }) },
    { weight: 4, arbitrary: one("advance", { ms: fc.constantFrom(0, 1, 4, 10, 45, 200) }) },
    {
      weight: 3,
      arbitrary: one("spawn", {
        pool: fc.constantFrom(0 as const, 1 as const),
        canCancel: fc.boolean(),
        answersAtOnce: fc.constantFrom(false, false, false, true),
      }),
    },
    { weight: 2, arbitrary: one("exit", { worker: fc.nat(5), isPublishedFirst: fc.boolean() }) },
    {
      weight: 2,
      arbitrary: one("isDue", { pool: fc.constantFrom(0 as const, 1 as const), isDue: fc.boolean() }),
    },
    { weight: 1, arbitrary: one("choke", { worker: fc.nat(5), queuedBytes: fc.constantFrom(0, 5000) }) },
    {
      weight: 1,
      arbitrary: one("admission", {
        admission: fc.constantFrom<Admission>("open", "open", "draining", "closed"),
      }),
    },
    { weight: 1, arbitrary: one("endDrain", {}) },
  ),
  { minLength: 5, maxLength: 120 },
);

/** A verifier's answer that is to come; its call may have ended by now. */
interface PendingWord {
  readonly requestId: number;
  readonly say: (word: LaterWord) => void;
}

interface ModelCall {
  readonly callId: number;
  readonly functionName: string;
  readonly pool: number;
  /** When it has to be answered, at the latest. */
  readonly answerByMs: number;
  readonly callerId: number;
  readonly requestId: number;
  /** The process it was sent to. */
  instance: number;
  isAnswered: boolean;
}

interface ModelWorker {
  readonly instance: number;
  readonly pool: number;
  readonly port: ReturnType<Bench["attach"]>;
  /** Ids it was sent and has not answered. */
  readonly open: Set<number>;
  readonly answered: number[];
  isReady: boolean;
  /** It answered what it was never sent: nothing it says counts any more. */
  isBreached: boolean;
}

export class RandomRun {
  readonly bench: Bench;
  readonly host: HostEvent[] = [];
  readonly callers = [new ScriptedCaller(1), new ScriptedCaller(2), new ScriptedCaller(3)];
  /** Calls that hold a slot, in the model's view. */
  readonly calls = new Map<number, ModelCall>();
  readonly workers: ModelWorker[] = [];
  expectedBreaches = 0;
  readonly #isDue: [boolean, boolean] = [true, true];
  #admission: Admission = "open";
  #lastInstance = 0;
  #lastRequestId = 0;
  readonly #answered = new Set<string>();
  /** The verifier's last word on each request. */
  readonly #words = new Map<number, Word>();
  readonly #pendingWords: PendingWord[] = [];

  constructor(readonly hasVerifier: boolean) {
    this.bench = createBench(
      runLimits,
      hasVerifier ? (_, headers) => this.#verify(Number(headers[0]?.[1])) : undefined,
    );
    for (const caller of this.callers) {
      caller.onAnswer = ({ requestId, code }) => {
        const { callerId } = caller;
        const key = `${String(callerId)}/${String(requestId)}`;
        if (this.#answered.has(key)) throw new Error(`${key} was answered twice`);
        this.#answered.add(key);
        this.host.push({ kind: "outcome", callerId, requestId, code, atMs: this.bench.clock.now() });
        for (const call of this.calls.values()) {
          if (call.callerId === callerId && call.requestId === requestId) call.isAnswered = true;
        }
      };
    }
    this.publish();
  }

  isAnswered(callerId: number, requestId: number): boolean {
    return this.#answered.has(`${String(callerId)}/${String(requestId)}`);
  }

  publish(): void {
    const route = (pool: 0 | 1) => ({
      ready: this.workers
        .filter((worker) => worker.isReady && worker.pool === pool)
        .map((worker) => worker.instance),
      isDue: this.#isDue[pool],
      exports: functionNames
        .filter((name) => name.startsWith(`${pools[pool]}.`))
        .map((name) => exported(name, name.endsWith(".s"))),
    });
    this.bench.dispatcher.publish(table({ a: route(0), b: route(1) }, this.#admission));
    this.#noteReleases();
  }

  take(step: Step): void {
    const { bench } = this;
    const worker =
      "worker" in step ? this.workers[step.worker % Math.max(this.workers.length, 1)] : undefined;
    switch (step.do) {
      case "invoke":
        this.#invoke(step);
        break;
      case "verdict":
        this.#pendingWords[step.pick % Math.max(this.#pendingWords.length, 1)]?.say(step.word);
        break;
      case "turn":
        break;
      case "answer": {
        const callId =
          worker === undefined ? undefined : [...worker.open][step.pick % Math.max(worker.open.size, 1)];
        if (worker !== undefined && callId !== undefined) this.#answer(worker, callId, step.isError);
        break;
      }
      case "answerAgain": {
        const callId = worker?.answered[step.pick % Math.max(worker.answered.length, 1)];
        if (worker !== undefined && callId !== undefined) bench.result(worker.instance, callId);
        break;
      }
      case "answerUnknown":
        if (worker === undefined) break;
        if (!worker.isBreached) this.expectedBreaches += 1;
        worker.isBreached = true;
        bench.result(worker.instance, 1_000_000);
        break;
      case "cancel": {
        const call = [...this.calls.values()][step.pick % Math.max(this.calls.size, 1)];
        if (call === undefined) break;
        const { callerId, requestId } = call;
        this.host.push({ kind: "cancel", callerId, requestId, atMs: bench.clock.now() });
        bench.dispatcher.cancel(call.callId as CallId, step.answerNow);
        break;
      }
      case "advance":
        bench.clock.advance(step.ms);
        break;
      case "spawn":
        if (this.workers.length < 4) this.#spawn(step.pool, step.canCancel, step.answersAtOnce);
        break;
      case "exit":
        if (worker !== undefined) this.#exit(worker, step.isPublishedFirst);
        break;
      case "isDue":
        this.#isDue[step.pool] = step.isDue;
        this.publish();
        break;
      case "choke":
        if (worker !== undefined) worker.port.queuedBytes = step.queuedBytes;
        break;
      case "admission":
        this.#admission = step.admission;
        this.publish();
        break;
      case "endDrain":
        // As the supervisor does it: no new calls, then the end, then no worker gets any more.
        this.#admission = "draining";
        this.publish();
        bench.dispatcher.endDrain();
        for (const each of this.workers) each.isReady = false;
        this.#admission = "closed";
        this.publish();
    }
    this.#noteReleases();
  }

  /** Lets the verifier's words take effect. */
  async turn(): Promise<void> {
    await new Promise(setImmediate);
    this.#noteReleases();
  }

  /**
   * Ends everything that is still under way, as the supervisor does: no process is left and none is due. Of the calls
   * that wait for the verifier some then get its word, and the end of the drain ends the others.
   */
  async rest(): Promise<void> {
    for (const worker of [...this.workers]) this.#exit(worker, true);
    this.#isDue.fill(false);
    this.publish();
    for (const { requestId, say } of [...this.#pendingWords]) if (requestId % 2 === 0) say("yes");
    await this.turn();
    this.bench.dispatcher.endDrain();
    for (const { say } of [...this.#pendingWords]) say("yes");
    await this.turn();
  }

  #verify(requestId: number): unknown {
    const word = this.#words.get(requestId);
    if (word === "throws") throw new Error("the verifier is broken");
    if (word !== "later") return word === "odd" ? "yes" : word === "yes";
    return new Promise((resolve, reject) => {
      const pending: PendingWord = {
        requestId,
        say: (later) => {
          this.#pendingWords.splice(this.#pendingWords.indexOf(pending), 1);
          this.#words.set(requestId, later);
          if (later === "throws") reject(new Error("the verifier is broken"));
          else resolve(later === "odd" ? "yes" : later === "yes");
        },
      };
      this.#pendingWords.push(pending);
    });
  }

  #invoke(step: Step & { do: "invoke" }): void {
    const { name: functionName, timeoutMs } = step;
    const caller = this.callers[step.caller];
    if (caller === undefined) return;
    const { bench } = this;
    const { callerId } = caller;
    const requestId = ++this.#lastRequestId;
    this.#words.set(requestId, step.word);
    this.host.push({ kind: "invoke", callerId, requestId, functionName, atMs: bench.clock.now() });
    const callId = bench.dispatcher.invoke(
      caller,
      requestId,
      functionName,
      new Uint8Array(step.bytes),
      timeoutMs,
      encodeContext({ traceId: 0, spanId: 0, headers: [["request", String(requestId)]], auth: null }),
    );
    if (callId === 0) return;
    const instance = this.workers.find((worker) => worker.port.ids.includes(callId))?.instance ?? 0;
    const isAnswered = this.isAnswered(callerId, requestId);
    const isOpen = this.workers.some((worker) => worker.open.has(callId));
    if (isAnswered && !isOpen) return;
    const answerByMs = bench.clock.now() + (timeoutMs ?? runLimits.defaultTimeoutMs) + 6;
    const pool = functionName.startsWith("a.") ? 0 : 1;
    this.calls.set(callId, {
      callId,
      functionName,
      pool,
      answerByMs,
      callerId,
      requestId,
      instance,
      isAnswered,
    });
  }

  #answer(worker: ModelWorker, callId: number, isError: boolean): void {
    if (worker.isBreached) {
      this.bench.result(worker.instance, callId);
      return;
    }
    worker.open.delete(callId);
    worker.answered.push(callId);
    this.calls.delete(callId);
    if (isError) this.bench.error(worker.instance, callId);
    else this.bench.result(worker.instance, callId);
  }

  #spawn(pool: 0 | 1, canCancel: boolean, answersAtOnce: boolean): void {
    const instance = ++this.#lastInstance;
    const { bench } = this;
    bench.journal.record("spawn", bench.clock.now(), 0, instance, instance);
    const port = bench.attach(instance);
    bench.journal.record("ready", bench.clock.now(), 0, instance, instance);
    port.canCancel = canCancel;
    const worker: ModelWorker = {
      instance,
      pool,
      port,
      open: new Set(),
      answered: [],
      isReady: true,
      isBreached: false,
    };
    port.onInvoke = (callId, contextBytes) => {
      const requestId = Number(decodeContext(contextBytes).headers[0]?.[1]);
      const word = this.#words.get(requestId);
      if (this.hasVerifier && word !== "yes")
        throw new Error(`Request ${String(requestId)} was started, but the verifier said ${String(word)}`);
      worker.open.add(callId);
      const call = this.calls.get(callId);
      if (call !== undefined) call.instance = instance;
      if (answersAtOnce) this.#answer(worker, callId, false);
    };
    this.workers.push(worker);
    this.publish();
  }

  #exit(worker: ModelWorker, isPublishedFirst: boolean): void {
    const { bench } = this;
    worker.isReady = false;
    if (isPublishedFirst) this.publish();
    bench.journal.record("exit", bench.clock.now(), 0, worker.instance, worker.instance);
    for (const call of this.calls.values())
      if (call.instance === worker.instance) this.calls.delete(call.callId);
    this.workers.splice(this.workers.indexOf(worker), 1);
    bench.dispatcher.detach(id(worker.instance), {}, "was killed by SIGKILL", isPublishedFirst);
    if (!isPublishedFirst) this.publish();
  }

  /** A call that no process has and that has its answer holds nothing any more. */
  #noteReleases(): void {
    for (const call of this.calls.values()) {
      if (call.isAnswered && call.instance === 0) this.calls.delete(call.callId);
    }
  }
}
