// Random runs of a dispatcher beside a small model of it: callers, two pools and up to four processes that answer,
// stay silent, lie and die. The model knows only what a caller is promised, not how dispatch keeps it.

import type { CallId } from "../../src/ids.js";
import { Journal, type JournalKind } from "../../src/dispatch/journal.js";
import type { Admission } from "../../src/machines/router/route-table.js";
import { decodeContext, encodeContext } from "../../src/protocol/context.js";
import type { HostEvent } from "../../src/testing/history/events.js";
import { createBench, exported, id, ScriptedCaller, table, type Bench } from "./scripted.js";
import { functionNames, pools, type LaterWord, type Step, type Word } from "./random-steps.js";

export const runLimits = {
  maxInFlight: 4,
  maxInFlightPerFunction: 2,
  maxQueue: 3,
  maxQueueWaitMs: 60,
  defaultTimeoutMs: 300,
  cancelGraceMs: 40,
};

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
  /** When it has to have a slot or an answer, if it waits for one. */
  readonly waitByMs: number;
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

/** Tells the model what became of calls that wait for a slot, when it becomes of them. */
class ToldJournal extends Journal {
  onEntry: (kind: JournalKind, callId: number) => void = () => undefined;

  override record(...entry: Parameters<Journal["record"]>): void {
    super.record(...entry);
    this.onEntry(entry[0], entry[2]);
  }
}

export class RandomRun {
  readonly #journal = new ToldJournal(65_536);
  readonly bench: Bench;
  readonly host: HostEvent[] = [];
  readonly callers = [new ScriptedCaller(1), new ScriptedCaller(2), new ScriptedCaller(3)];
  /** Calls that hold a slot, in the model's view. */
  readonly calls = new Map<number, ModelCall>();
  /** Calls that wait for a slot. */
  readonly waiting = new Map<number, ModelCall>();
  readonly workers: ModelWorker[] = [];
  expectedBreaches = 0;
  readonly #isDue: [boolean, boolean] = [true, true];
  #admission: Admission = "open";
  #lastInstance = 0;
  #lastRequestId = 0;
  #enqueuedId = 0;
  readonly #answered = new Set<string>();
  /** The verifier's last word on each request. */
  readonly #words = new Map<number, Word>();
  readonly #pendingWords: PendingWord[] = [];

  constructor(readonly hasVerifier: boolean) {
    this.bench = createBench(
      runLimits,
      hasVerifier ? (_, headers) => this.#verify(Number(headers[0]?.[1])) : undefined,
      {},
      this.#journal,
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
    this.#journal.onEntry = (kind, callId) => {
      if (kind === "enqueue") this.#enqueuedId = callId;
      const call = this.waiting.get(callId);
      if (call === undefined || (kind !== "accept" && kind !== "reject")) return;
      this.waiting.delete(callId);
      if (kind === "accept") this.calls.set(callId, call);
    };
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
        const known = [...this.calls.values(), ...this.waiting.values()];
        const call = known[step.pick % Math.max(known.length, 1)];
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
    const calls = callId === this.#enqueuedId ? this.waiting : this.calls;
    calls.set(callId, {
      callId,
      functionName,
      pool,
      answerByMs,
      waitByMs: Math.min(answerByMs, bench.clock.now() + runLimits.maxQueueWaitMs + 6),
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
