// A processes' platform that has a worker of our own runtime booted before one is needed: where a pool is reloaded often,
// starting Node is most of the wait. A spare runs no code of users, is given to the next worker that would have been
// started the same way, and is nothing that anybody counts or restarts.

import type { ChildProcess } from "node:child_process";
import { spareFlag, type SpareOrders } from "../contract/spare.js";
import type { Clock, TimerHandle } from "../time.js";
import { pipesOf, type ProcessPlatform } from "./process-platform.js";
import type { WorkerCommand } from "./worker-command.js";

/** After a start the machine is busy with that. */
const bootAfterMs = 200;

interface Spare {
  readonly child: ChildProcess;
  readonly key: string;
}

type Has = Parameters<ProcessPlatform["spawn"]>[1];

/** The argument from which on two workers of one pool differ. */
const ownArgs = "--functions";

export class Spares implements ProcessPlatform {
  readonly #base: ProcessPlatform;
  readonly #clock: Clock;
  readonly #spares = new Map<string, Spare>();
  readonly #booting = new Map<string, TimerHandle>();
  #isClosed = false;

  constructor(base: ProcessPlatform, clock: Clock) {
    this.#base = base;
    this.#clock = clock;
  }

  linkOf(child: ChildProcess): ReturnType<ProcessPlatform["linkOf"]> {
    return this.#base.linkOf(child);
  }

  guardOf(child: ChildProcess, clock: Clock): ReturnType<ProcessPlatform["guardOf"]> {
    return this.#base.guardOf(child, clock);
  }

  get signalGroup(): ProcessPlatform["signalGroup"] {
    return this.#base.signalGroup;
  }

  get afterTurn(): ProcessPlatform["afterTurn"] {
    return this.#base.afterTurn;
  }

  spawn(command: WorkerCommand, has: Has): ChildProcess {
    const at = command.args.indexOf(ownArgs);
    // Of a program that is not ours nobody knows how it would wait; a link that is no pipe belongs to one process.
    if (at < 0 || !has.guard || !has.link) return this.#base.spawn(command, has);
    const key = keyOf(command, at);
    const child = this.#take(key, command, at) ?? this.#base.spawn(command, has);
    this.#bootSoon(key, command, at, has);
    return child;
  }

  /** None is left, and none is started any more. */
  close(): void {
    this.#isClosed = true;
    for (const timer of this.#booting.values()) this.#clock.clearTimeout(timer);
    this.#booting.clear();
    for (const { child } of this.#spares.values()) this.#end(child);
    this.#spares.clear();
  }

  #take(key: string, command: WorkerCommand, at: number): ChildProcess | null {
    const spare = this.#spares.get(key);
    this.#spares.delete(key);
    if (spare === undefined) return null;
    const { child } = spare;
    child.removeAllListeners("exit");
    child.removeAllListeners("error");
    const orders: SpareOrders = { args: command.args.slice(at), env: ownEnv(command.env) };
    child.stdin?.end(JSON.stringify(orders));
    // Whoever has spawned a process waits to hear that it runs, which this one does already.
    process.nextTick(() => child.emit("spawn"));
    return child;
  }

  /** One for each way to start a worker, and the last asked for alone: what is not used any more is not kept. */
  #bootSoon(key: string, command: WorkerCommand, at: number, has: Has): void {
    this.#clock.clearTimeout(this.#booting.get(key));
    if (this.#isClosed) return;
    this.#booting.set(
      key,
      this.#clock.setTimeout(() => {
        this.#booting.delete(key);
        if (!this.#spares.has(key)) this.#boot(key, command, at, has);
      }, bootAfterMs),
    );
  }

  #boot(key: string, command: WorkerCommand, at: number, has: Has): void {
    const args = [...command.args.slice(0, at), spareFlag];
    let child: ChildProcess;
    try {
      child = this.#base.spawn({ ...command, args }, { ...has, orders: true });
    } catch {
      // The next worker is started as ever.
      return;
    }
    const forget = (): void => {
      if (this.#spares.get(key)?.child === child) this.#spares.delete(key);
    };
    child.once("error", forget);
    child.once("exit", forget);
    child.stdin?.on("error", forget);
    // Nothing of it keeps the program alive; once it is a worker, the worker's own ways hold.
    this.#spares.set(key, { child, key });
  }

  #end(child: ChildProcess): void {
    child.removeAllListeners("exit");
    child.removeAllListeners("error");
    child.on("error", () => undefined);
    for (const pipe of pipesOf(child)) pipe?.destroy();
    if (child.pid === undefined) return;
    try {
      this.#base.signalGroup(child.pid, "SIGKILL");
    } catch {
      // It has ended by itself, which is what was wanted.
    }
  }
}

/** Two workers with one key differ in nothing but what a spare can be told. */
function keyOf({ program, args, cwd, env }: WorkerCommand, at: number): string {
  const others = Object.entries(env).filter(([name]) => !name.startsWith("SPLICE_"));
  return JSON.stringify([program, args.slice(0, at), cwd, others]);
}

function ownEnv(env: WorkerCommand["env"]): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => name.startsWith("SPLICE_")));
}
