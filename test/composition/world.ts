// A small world around the composed charts and the real dispatcher: two workers, three calls, at most one crash, one
// drain or reload, and one stop. Says which moves there are in its present state, and makes one; a world is the sum of its moves.

import type { InspectionEvent } from "xstate";
import type { CallId } from "../../src/ids.js";
import { emptyRouteTable, type RouteTable } from "../../src/machines/router/route-table.js";
import type { WorkerEvent } from "../../src/machines/worker/events.js";
import { emptyContextBytes } from "../../src/protocol/context.js";
import { exported, noBytes, ScriptedCaller } from "../dispatch/scripted.js";
import { config } from "./config.js";
import type { Composer, Composition } from "./composition.js";
import { progressOf } from "./key.js";
import type { Microtasks } from "./microtasks.js";
import type { ScriptedProcess } from "./scripted-process.js";
import { leafOf, poolOf, workerOf } from "./sight.js";

export const bounds = { workers: 2, calls: 3, crashes: 1, drains: 1, stops: 1 };

export interface WorldCall {
  readonly requestId: number;
  /** 0: it was refused at once. */
  readonly callId: number;
  readonly atMs: number;
  isCancelled: boolean;
  /** A worker has it, or had. */
  process: ScriptedProcess | null;
}

export class World {
  readonly parts: Composition;
  readonly caller = new ScriptedCaller();
  readonly calls: WorldCall[] = [];
  /** What was used up of the bounds. */
  readonly used = { calls: 0, crashes: 0, drains: 0, stops: 0 };
  /** What dispatch was told last. */
  route: RouteTable = emptyRouteTable;
  /** What a worker says of a call, while it says so. */
  said: { readonly requestId: number; readonly code: number } | null = null;
  /** What must not be, in words. */
  readonly violations: string[] = [];
  /** Events that a chart had no transition for: "worker/stopping/worker.kill". */
  readonly unhandled = new Set<string>();
  readonly #microtasks: Microtasks;
  #sent = 0;
  /** Events of charts and entries of the journal so far. */
  #events = 0;

  constructor(composer: Composer, microtasks: Microtasks) {
    this.#microtasks = microtasks;
    this.parts = composer.compose(bounds.workers, {
      inspect: (event) => {
        this.#inspect(event);
      },
      onInvoke: (process, callId) => {
        this.#noteInvoke(process, callId);
      },
    });
    const { dispatcher } = this.parts;
    const publish = dispatcher.publish.bind(dispatcher);
    dispatcher.publish = (table) => {
      this.route = table;
      publish(table);
    };
    microtasks.run();
  }

  /** Calls that were sent so far: whose turn it is among equals follows from it. */
  get sent(): number {
    return this.#sent;
  }

  get isOver(): boolean {
    return this.parts.root.getSnapshot().status !== "active";
  }

  /** Gives up what it holds outside itself. */
  dispose(): void {
    for (const { who } of this.parts.processes) this.parts.registry.remove(who.instance);
  }

  /** Makes a move of that name. */
  take(name: string): void {
    const move = this.moves().get(name);
    if (move === undefined) throw new Error(`There is no move "${name}" here.`);
    this.make(move);
  }

  make(move: () => void): void {
    move();
    this.#microtasks.run();
  }

  /** Every move that there is now. */
  moves(): Map<string, () => void> {
    const moves = new Map<string, () => void>();
    if (this.isOver) return moves;
    const single = this.#singleCalls();
    if (this.used.calls < bounds.calls) {
      moves.set(`call ${String(this.calls.length + 1)} arrives`, () => {
        this.call();
      });
    }
    for (const process of this.parts.processes) this.#movesOf(process, single, moves);
    for (const call of this.calls) {
      if (call.isCancelled || call.callId === 0 || this.answersOf(call) > 0) continue;
      if (!single.has(call)) continue;
      moves.set(`call ${String(call.requestId)} is cancelled`, () => {
        call.isCancelled = true;
        this.parts.dispatcher.cancel(call.callId as CallId, false);
      });
    }
    this.#commands(moves);
    if (this.#mayWait()) {
      moves.set("time passes", () => {
        this.#wait();
      });
    }
    return moves;
  }

  answersOf({ requestId }: WorldCall): number {
    return this.caller.codes(requestId).length;
  }

  call(): void {
    const { dispatcher, clock } = this.parts;
    const requestId = this.calls.length + 1;
    // It may be sent before its id is told.
    const made = { requestId, callId: -1, atMs: clock.now(), isCancelled: false, process: null };
    this.calls.push(made);
    made.callId = dispatcher.invoke(this.caller, requestId, "app.f", noBytes, undefined, emptyContextBytes);
    // One that was refused has left nothing behind.
    if (made.callId !== 0) this.used.calls += 1;
  }

  /** A process that was killed is gone before any time has passed, and one that starts is ready in time. */
  #mayWait(): boolean {
    const [next] = this.#awaited();
    const isDying = ({ told, hasExited }: ScriptedProcess): boolean => told === "SIGKILL" && !hasExited;
    return next?.isPatience === false && !this.parts.processes.some(isDying);
  }

  #awaited(): { readonly dueMs: number; readonly isPatience: boolean }[] {
    return this.parts.clock.timers.map(({ dueMs, owner, delayMs }) => ({
      dueMs,
      isPatience: owner === "charts" && delayMs === config.connectTimeoutMs,
    }));
  }

  /** Until something comes of it: dispatch lets timers run that nobody waits for any more. */
  #wait(): void {
    const before = this.#happened;
    while (this.#happened === before && this.#mayWait()) {
      this.parts.clock.step();
      this.#microtasks.run();
    }
  }

  #commands(moves: Map<string, () => void>): void {
    const { root, registry } = this.parts;
    if (this.used.drains < bounds.drains) {
      moves.set("the supervisor is told to drain", () => {
        this.used.drains += 1;
        root.send({ type: "supervisor.drain" });
      });
      moves.set("the pool is reloaded", () => {
        this.used.drains += 1;
        root.send({ type: "pool.reload", pool: "app" });
      });
      for (const { who, name } of this.parts.processes) {
        if (leafOf(workerOf(root, who.instance)?.value) !== "ready") continue;
        moves.set(`${name} is worn out`, () => {
          this.used.drains += 1;
          registry.get(who.instance)?.tell({ type: "use.exceeded", reason: "it has done its share" });
        });
      }
    }
    if (this.used.stops < bounds.stops) {
      moves.set("the supervisor is told to stop", () => {
        this.used.stops += 1;
        root.send({ type: "supervisor.stop", drainMs: 1100 });
      });
    }
  }

  #movesOf(process: ScriptedProcess, single: ReadonlySet<WorldCall>, moves: Map<string, () => void>): void {
    const { name, tell, told } = process;
    const say = (what: string, ...facts: WorkerEvent[]): void => {
      moves.set(`${name} ${what}`, () => {
        for (const fact of facts) tell(fact);
      });
    };
    const { dispatcher } = this.parts;
    if (process.link === "open") {
      for (const callId of process.open) {
        const call = this.calls.find((each) => each.callId === callId);
        if (call === undefined || !single.has(call)) continue;
        moves.set(`${name} answers call ${String(call.requestId)}`, () => {
          process.open.delete(callId);
          this.said = { requestId: call.requestId, code: 0 };
          dispatcher.onResult(process.who.instance, callId, noBytes, 1);
          this.said = null;
        });
        moves.set(`${name} fails call ${String(call.requestId)}`, () => {
          process.open.delete(callId);
          const error = { code: 2000, kind: "User" as const, message: "it threw", details: null };
          this.said = { requestId: call.requestId, code: error.code };
          dispatcher.onError(process.who.instance, { type: "InvokeError", requestId: callId, ...error });
          this.said = null;
        });
      }
      if (process.hasExited) {
        moves.set(`the link of ${name} is read to its end`, () => {
          this.closeLink(process);
        });
      }
    }
    if (process.hasExited) return;
    this.#startOf(process, moves);
    if (!process.isSpawned) return;
    if (process.isExamined) {
      say("is examined and answers", { type: "worker.examined", stuck: null, isResponsive: true });
      say("is examined and is stuck", { type: "worker.examined", stuck: "it is stuck", isResponsive: false });
    }
    if (told !== "nothing" || process.link === "closed") {
      if (!this.#isNextToExit(process)) return;
      moves.set(`${name} exits`, () => {
        this.exit(process, told === "SIGKILL" ? "SIGKILL" : null);
        if (process.link === "open") this.closeLink(process);
      });
    } else if (this.used.crashes < bounds.crashes) {
      moves.set(`${name} crashes`, () => {
        this.used.crashes += 1;
        this.exit(process, "SIGSEGV");
      });
      if (process.link === "open") {
        moves.set(`${name} crashes, and its link is closed first`, () => {
          this.used.crashes += 1;
          this.closeLink(process);
        });
      }
    }
  }

  /** Of several processes that are starting the oldest comes first; its spawn and its link are one move. */
  #startOf(process: ScriptedProcess, moves: Map<string, () => void>): void {
    const { name, tell } = process;
    const isStarting = (other: ScriptedProcess): boolean =>
      !other.hasListed && !other.hasExited && other.told === "nothing" && other.link !== "closed";
    if (this.parts.processes.find(isStarting) !== process && isStarting(process)) return;
    const begin = (): void => {
      process.isSpawned = true;
      process.link = "open";
      tell({ type: "process.spawned", pid: process.instance });
      tell({ type: "link.opened" });
    };
    const list = (): void => {
      process.hasListed = true;
      const isNew = process.who.generation > 1;
      const exports = isNew ? [exported("app.f"), exported("app.g")] : [exported("app.f")];
      tell({ type: "exports.listed", exports });
    };
    if (process.isSpawned) {
      if (process.link === "open" && !process.hasListed) moves.set(`${name} lists its exports`, list);
    } else moves.set(`${name} is spawned and opens its link`, begin);
  }

  /** Of several that were told to go the oldest goes first. */
  #isNextToExit(process: ScriptedProcess): boolean {
    const isGoing = ({ told, link, hasExited }: ScriptedProcess): boolean =>
      !hasExited && (told !== "nothing" || link === "closed");
    return this.parts.processes.find(isGoing) === process;
  }

  exit(process: ScriptedProcess, signal: string | null): void {
    process.hasExited = true;
    this.parts.registry.remove(process.who.instance);
    process.tell({ type: "process.exited", exitCode: signal === null ? 0 : null, signal, stderrTail: "" });
  }

  closeLink(process: ScriptedProcess): void {
    process.link = "closed";
    process.tell({ type: "link.closed", reason: "it closed its link" });
  }

  #noteInvoke(process: ScriptedProcess, callId: number): void {
    this.#sent += 1;
    const call =
      this.calls.find((each) => each.callId === callId) ?? this.calls.find((each) => each.callId === -1);
    const which = `call ${String(call?.requestId)}`;
    if (call === undefined) this.violations.push(`a call that nobody made was sent to ${process.name}`);
    else if (call.process !== null) this.violations.push(`${which} was sent to a process twice`);
    else call.process = process;
    const leaf = leafOf(workerOf(this.parts.root, process.instance)?.value);
    if (leaf !== "ready") this.violations.push(`${which} was sent to ${process.name}, which is ${leaf}`);
    const { generation = 0 } = poolOf(this.parts.root)?.context ?? {};
    if (process.who.generation !== generation)
      this.violations.push(`${which} was sent to ${process.name}, whose generation is not in service`);
    if (process.told !== "nothing")
      this.violations.push(`${which} was sent to ${process.name}, which was told ${process.told}`);
    if (process.hasExited || process.link !== "open")
      this.violations.push(`${which} was sent to ${process.name}, which is dead`);
  }

  /** But for those like which another is in the same place and as far: what is done to that one may stand for both. */
  #singleCalls(): ReadonlySet<WorldCall> {
    const progress = progressOf(this);
    const first = new Map<string, WorldCall>();
    for (const call of this.calls) {
      const { callId, process, isCancelled } = call;
      const like = `${String(process?.instance)} ${String(isCancelled)} ${String(progress.get(callId))}`;
      if (!first.has(like)) first.set(like, call);
    }
    return new Set(first.values());
  }

  get #happened(): number {
    return this.#events + [...this.parts.journal.entries()].length;
  }

  #inspect(event: InspectionEvent): void {
    if (event.type === "@xstate.microstep") this.#events += 1;
    if (event.type !== "@xstate.microstep" || event._transitions.length > 0) return;
    const { type } = event.event;
    if (type.startsWith("xstate.")) return;
    const { logic } = event.actorRef as unknown as { readonly logic: { readonly id: string } };
    const { value } = event.snapshot as unknown as { readonly value: unknown };
    this.unhandled.add(`${logic.id}/${leafOf(value)}/${type}`);
  }
}
