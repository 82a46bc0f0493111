// Random runs of a dispatcher beside a small model of it: callers, two pools and up to four processes that answer,
// stay silent, lie and die. The model knows only what a caller is promised, not how dispatch keeps it.

import type { CallId } from "../../src/ids.js";
import type { Admission } from "../../src/machines/router/route-table.js";
import { decodeContext, encodeContext } from "../../src/protocol/context.js";
import type { HostEvent } from "../../src/testing/history/events.js";
import { OverdueModel } from "./overdue-model.js";
import { ProbeModel } from "./probe-model.js";
import {
  runBreaker,
  runLimits,
  slackMs,
  stuckPlace,
  ToldJournal,
  watch,
  type ModelCall,
  type ModelWorker,
  type PendingPlace,
  type PendingWord,
  type ToldEntry,
} from "./random-model.js";
import { functionNames, pools, type LaterWord, type Step, type Word } from "./random-steps.js";
import { createBench, exported, id, ScriptedCaller, StreamingCaller, table, type Bench } from "./scripted.js";
import { StreamModel } from "./stream-model.js";

export class RandomRun {
  readonly #journal = new ToldJournal(4096);
  readonly bench: Bench;
  readonly host: HostEvent[] = [];
  readonly callers = [new StreamingCaller(1), new StreamingCaller(2), new ScriptedCaller(3)];
  /** Calls that hold a slot, in the model's view. */
  readonly calls = new Map<number, ModelCall>();
  /** Calls that wait for a slot. */
  readonly waiting = new Map<number, ModelCall>();
  readonly workers: ModelWorker[] = [];
  /** Those that are gone as well. */
  readonly everyWorker: ModelWorker[] = [];
  readonly probes: ProbeModel;
  readonly overdue: OverdueModel;
  readonly streams: StreamModel;
  /** What was said of workers that somebody watched. */
  readonly heard = new Set<"idle" | "quiet">();
  readonly expectedWorn: number[] = [];
  expectedBreaches = 0;
  readonly #isDue: [boolean, boolean] = [true, true];
  #admission: Admission = "open";
  #lastInstance = 0;
  #lastRequestId = 0;
  #enqueuedId = 0;
  readonly #answered = new Set<string>();
  /** The verifier's last word on each request. */
  readonly #words = new Map<number, Word>();
  readonly #pendingWords: PendingWord<LaterWord>[] = [];
  readonly #pendingPlaces: PendingPlace[] = [];

  constructor(readonly hasVerifier: boolean) {
    this.bench = createBench(
      runLimits,
      hasVerifier ? (_, headers) => this.#verify(Number(headers[0]?.[1])) : undefined,
      runBreaker,
      this.#journal,
    );
    this.probes = new ProbeModel(this.bench);
    this.overdue = new OverdueModel(this.bench, this.calls);
    this.streams = new StreamModel(this.bench, this.host, this.callers);
    for (const caller of this.callers) {
      caller.onAnswer = ({ requestId, code }) => {
        const { callerId } = caller;
        const key = `${String(callerId)}/${String(requestId)}`;
        if (this.#answered.has(key)) throw new Error(`${key} was answered twice`);
        this.#answered.add(key);
        this.host.push({ kind: "outcome", callerId, requestId, code, atMs: this.bench.clock.now() });
        for (const call of this.calls.values()) {
          if (call.callerId !== callerId || call.requestId !== requestId) continue;
          call.isAnswered = true;
          call.answeredAtMs = this.bench.clock.now();
        }
      };
    }
    this.#journal.onEntry = (entry) => {
      this.#noteEntry(entry);
    };
    this.publish();
  }

  isAnswered(callerId: number, requestId: number): boolean {
    return this.#answered.has(`${String(callerId)}/${String(requestId)}`);
  }

  #noteEntry({ kind, callId, code, functionName }: ToldEntry): void {
    if (kind === "enqueue") this.#enqueuedId = callId;
    if (kind === "settle") this.probes.settled(callId, code);
    if (kind === "dispatch") this.probes.started(callId);
    const call = this.waiting.get(callId);
    if (kind === "accept") this.probes.accepted(callId, functionName, call !== undefined);
    if (call === undefined || (kind !== "accept" && kind !== "reject")) return;
    this.waiting.delete(callId);
    if (kind === "accept") this.calls.set(callId, call);
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
        if (worker !== undefined && callId !== undefined) this.#answer(worker, callId, step.code);
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
      case "items":
      case "excess": {
        const callId = worker && [...worker.open][step.pick % Math.max(worker.open.size, 1)];
        if (worker !== undefined && callId !== undefined) this.#stream(worker, callId, step);
        break;
      }
      case "ack":
        this.streams.acknowledge([...this.calls.values()], step.pick, step.part, step.window);
        break;
      case "cancel": {
        const known = [...this.calls.values(), ...this.waiting.values()];
        const call = known[step.pick % Math.max(known.length, 1)];
        if (call === undefined) break;
        const { callerId, requestId } = call;
        this.#over(call);
        this.host.push({ kind: "cancel", callerId, requestId, atMs: bench.clock.now() });
        bench.dispatcher.cancel(call.callId as CallId, step.answerNow);
        break;
      }
      case "advance":
        // In pieces, so that the time of an overdue report is known within each.
        for (let leftMs = step.ms; leftMs > 0; leftMs -= 5) {
          bench.clock.advance(Math.min(leftMs, 5));
          this.overdue.checkNow();
        }
        break;
      case "spawn":
        if (this.workers.length < 4) this.#spawn(step);
        break;
      case "exit":
        if (worker !== undefined) this.#exit(worker, step.isPublishedFirst, step.wasAsked);
        break;
      case "locate": {
        const at = step.pick % Math.max(this.#pendingPlaces.length, 1);
        for (const say of this.#pendingPlaces.splice(at, 1)) say(step.place);
        break;
      }
      case "watch":
        if (worker !== undefined) watch(this, worker, step.what);
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
      case "breaker":
        bench.tell({ type: step.type, functionName: step.name });
        break;
      case "endDrain":
        // As the supervisor does it: no new calls, then the end, then no worker gets any more.
        this.#admission = "draining";
        this.publish();
        for (const call of this.calls.values()) this.#over(call);
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
    for (const worker of [...this.workers]) this.#exit(worker, true, false);
    this.#isDue.fill(false);
    this.publish();
    for (const { requestId, say } of [...this.#pendingWords]) if (requestId % 2 === 0) say("yes");
    await this.turn();
    this.bench.dispatcher.endDrain();
    for (const { say } of [...this.#pendingWords]) say("yes");
    for (const say of this.#pendingPlaces) say(stuckPlace);
    await this.turn();
  }

  #verify(requestId: number): unknown {
    const word = this.#words.get(requestId);
    if (word === "throws") throw new Error("the verifier is broken");
    if (word !== "later") return word === "odd" ? "yes" : word === "yes";
    return new Promise((resolve, reject) => {
      const pending: PendingWord<LaterWord> = {
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
    const at = { callerId, requestId, atMs: bench.clock.now() };
    this.host.push({ kind: "invoke", ...at, functionName, streams: true });
    const callId = bench.dispatcher.invoke(
      caller,
      requestId,
      functionName,
      new Uint8Array(step.bytes),
      timeoutMs,
      encodeContext({ traceId: 0, spanId: 0, headers: [["request", String(requestId)]], auth: null }),
    );
    if (callId === 0) {
      this.probes.refused(functionName, caller.last);
      return;
    }
    const instance = this.workers.find((worker) => worker.port.ids.includes(callId))?.instance ?? 0;
    const isAnswered = this.isAnswered(callerId, requestId);
    const isOpen = this.workers.some((worker) => worker.open.has(callId));
    if (isAnswered && !isOpen) return;
    const defaultMs = functionName.endsWith(".s") ? Infinity : runLimits.defaultTimeoutMs;
    const deadlineAtMs = bench.clock.now() + (timeoutMs ?? defaultMs);
    const answerByMs = deadlineAtMs + slackMs;
    const pool = functionName.startsWith("a.") ? 0 : 1;
    const calls = callId === this.#enqueuedId ? this.waiting : this.calls;
    calls.set(callId, {
      callId,
      functionName,
      pool,
      answerByMs,
      waitByMs: Math.min(answerByMs, bench.clock.now() + runLimits.maxQueueWaitMs + slackMs),
      callerId,
      requestId,
      instance,
      isAnswered,
      answeredAtMs: bench.clock.now(),
      overAtMs: deadlineAtMs,
      isToldOn: false,
    });
  }

  /** What a worker sends of a stream, whether it may or not. */
  #stream(worker: ModelWorker, callId: number, step: Step & { do: "items" | "excess" }): void {
    if (worker.isBreached) return this.streams.exceed(worker.instance, callId);
    if (step.do === "items" && worker.port.isStream(callId)) {
      this.streams.send(worker.instance, callId, step.count, step.bytes);
      return step.isEnd ? this.#answer(worker, callId, 0) : undefined;
    }
    const call = this.calls.get(callId);
    // Its caller hears at once; the process has the time of a Cancel to be gone.
    if (call !== undefined) this.#over(call);
    this.expectedBreaches += 1;
    worker.isBreached = true;
    this.streams.exceed(worker.instance, callId);
  }

  #answer(worker: ModelWorker, callId: number, code: number): void {
    if (worker.isBreached) {
      this.bench.result(worker.instance, callId);
      return;
    }
    worker.open.delete(callId);
    worker.answered.push(callId);
    const call = this.calls.get(callId);
    this.calls.delete(callId);
    const isTooLate = call?.isAnswered === false && this.bench.clock.now() >= call.answerByMs;
    if (code === 0 && this.streams.hasStarted(callId)) this.streams.end(worker.instance, callId);
    else if (code === 0) this.bench.result(worker.instance, callId);
    else this.bench.error(worker.instance, callId, code);
    if (!isTooLate) return;
    // Its caller waited only to be told where it was stuck.
    const codes = this.callers.flatMap((caller) => caller.codes(call.requestId));
    if (codes.join() !== "2001")
      throw new Error(`Call ${String(callId)} ended with ${codes.join()} too late`);
  }

  #spawn({ pool, canCancel, answersAtOnce, guard, maxCalls }: Step & { do: "spawn" }): void {
    const instance = ++this.#lastInstance;
    const { bench } = this;
    bench.journal.record("spawn", bench.clock.now(), 0, instance, instance);
    const port = bench.attach(instance);
    bench.journal.record("ready", bench.clock.now(), 0, instance, instance);
    port.canCancel = canCancel;
    port.maxCalls = maxCalls;
    if (guard !== "none")
      port.locate = (heard) => {
        if (guard === "atOnce") heard(stuckPlace);
        else if (guard === "later") this.#pendingPlaces.push(heard);
      };
    const state = bench.dispatcher.workers.get(id(instance));
    if (state === undefined) throw new Error(`Process ${String(instance)} was not attached`);
    const worker: ModelWorker = {
      instance,
      pool,
      port,
      state,
      open: new Set(),
      answered: [],
      watched: new Set(),
      isReady: true,
      isBreached: false,
    };
    port.onInvoke = (callId, contextBytes) => {
      const requestId = Number(decodeContext(contextBytes).headers[0]?.[1]);
      const word = this.#words.get(requestId);
      if (this.hasVerifier && word !== "yes")
        throw new Error(`Request ${String(requestId)} was started, but the verifier said ${String(word)}`);
      worker.open.add(callId);
      if (port.invokes.length === maxCalls) this.expectedWorn.push(instance);
      const call = this.calls.get(callId);
      if (call !== undefined) call.instance = instance;
      if (answersAtOnce) this.#answer(worker, callId, 0);
    };
    this.workers.push(worker);
    this.everyWorker.push(worker);
    this.publish();
  }

  #exit(worker: ModelWorker, isPublishedFirst: boolean, wasAsked: boolean): void {
    const { bench } = this;
    worker.isReady = false;
    if (isPublishedFirst) this.publish();
    bench.journal.record("exit", bench.clock.now(), 0, worker.instance, worker.instance);
    for (const call of this.calls.values())
      if (call.instance === worker.instance) this.calls.delete(call.callId);
    worker.open.clear();
    this.workers.splice(this.workers.indexOf(worker), 1);
    bench.dispatcher.detach(id(worker.instance), {}, "was killed by SIGKILL", wasAsked);
    if (!isPublishedFirst) this.publish();
  }

  /** The call is cancelled, or broken off, now. */
  #over(call: ModelCall): void {
    if (!call.isAnswered) call.overAtMs = Math.min(call.overAtMs, this.bench.clock.now());
  }

  /** A call that no process has and that has its answer holds nothing any more. */
  #noteReleases(): void {
    for (const call of this.calls.values())
      if (call.isAnswered && call.instance === 0) this.calls.delete(call.callId);
  }
}
