// A simulated machine that runs workers: the real session and runtime of src/worker, in processes that boot late, stand
// still, die at any moment and are heard of in any order. Takes the place of Node's own processes under the supervisor.

import type { ChildProcess } from "node:child_process";
import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import type { GuardLink, WhereAnswer } from "../../../src/actors/guard-link.js";
import type { ProcessPlatform } from "../../../src/actors/process-platform.js";
import { encode } from "../../../src/protocol/index.js";
import { encodeValue } from "../../../src/protocol/values.js";
import type { Random } from "../../../src/time.js";
import { createLink, type Link } from "../../../src/worker/link.js";
import type { Registry } from "../../../src/worker/registry.js";
import { createSession, type Session } from "../../../src/worker/session.js";
import { createByteLink, type LinkEnd } from "./byte-link.js";
import type { Faults } from "./faults.js";
import { Owner, type Sim } from "./sim.js";

export interface MachinePorts {
  readonly sim: Sim;
  readonly faults: Faults;
  readonly supervisor: Owner;
  readonly outside: Owner;
  /** What the workers of each pool export. */
  readonly registries: ReadonlyMap<string, Registry>;
  readonly connectTimeoutMs: number;
  readonly maxFrameBytes: number;
  readonly windowChunks: number;
  /** A call that another process than `pid` has; null: there is none. */
  readonly foreignCall: (pid: number) => number | null;
}

const firstPid = 1000;

export class SimMachine implements ProcessPlatform {
  readonly processes: SimProcess[] = [];
  readonly #ports: MachinePorts;
  readonly #random: Random;
  readonly #byChild = new Map<ChildProcess, SimProcess>();

  constructor(ports: MachinePorts) {
    this.#ports = ports;
    this.#random = ports.sim.random("machine");
  }

  get alive(): SimProcess[] {
    return this.processes.filter(({ isDead }) => !isDead);
  }

  /** The process whose code is running now. */
  get running(): SimProcess | undefined {
    return this.processes.find(({ owner }) => owner === this.#ports.sim.current);
  }

  spawn({ env }: Parameters<ProcessPlatform["spawn"]>[0]): ChildProcess {
    const { sim, faults, supervisor } = this.#ports;
    const child = new EventEmitter() as unknown as ChildProcess;
    if (faults.fires("spawnFails", 2)) {
      sim.after(0, "hears that a spawn failed", supervisor, () => {
        child.emit("error", Object.assign(new Error("spawn EAGAIN"), { code: "EAGAIN" }));
      });
      return child;
    }
    const pool = (env["SPLICE_WORKER"] ?? "").split(":")[0] ?? "";
    const registry = this.#ports.registries.get(pool);
    if (registry === undefined) throw new Error(`There are no functions for ${pool}.`);
    const pid = firstPid + this.processes.length;
    const process = new SimProcess(this.#ports, this.#random, child, pid, pool, registry);
    this.processes.push(process);
    this.#byChild.set(child, process);
    process.boot();
    return child;
  }

  linkOf(child: ChildProcess): LinkEnd | null {
    return this.#byChild.get(child)?.supervisorEnd ?? null;
  }

  guardOf(child: ChildProcess): GuardLink {
    const process = this.#byChild.get(child);
    return { where: () => process?.where() ?? Promise.resolve(null) };
  }

  readonly signalGroup = (pid: number, signal: NodeJS.Signals): void => {
    const process = this.processes[pid - firstPid];
    if (process === undefined || process.isDead) throw new Error("kill ESRCH");
    process.signal(signal);
  };

  readonly afterTurn = (run: () => void): void => {
    this.#ports.sim.after(0, "turns", this.#ports.supervisor, run);
  };
}

export class SimProcess {
  readonly owner: Owner;
  readonly supervisorEnd: LinkEnd;
  isDead = false;
  /** The function that keeps its loop busy, since when. */
  stuck: { readonly functionName: string; readonly sinceMs: number } | null = null;
  readonly #ports: MachinePorts;
  readonly #random: Random;
  readonly #end: LinkEnd;
  readonly #ignoresTerm: boolean;
  #hasPendingTerm = false;

  constructor(
    ports: MachinePorts,
    random: Random,
    readonly child: ChildProcess,
    readonly pid: number,
    readonly pool: string,
    readonly registry: Registry,
  ) {
    const { sim, faults, supervisor } = ports;
    this.#ports = ports;
    this.#random = random;
    this.owner = new Owner(sim, `worker ${String(pid)}`);
    this.#ignoresTerm = faults.fires("ignoresTerm", 5);
    const kernelBytes = faults.fires("tinyKernel", 5) ? 1 + Math.floor(random() * 300) : 65_536;
    const link = { sim, faults, random, kernelBytes };
    [this.supervisorEnd, this.#end] = createByteLink(link, supervisor, this.owner);
    Object.assign(child, {
      pid,
      stdio: [null, null, null, { destroy: () => this.supervisorEnd.destroy() }],
    });
  }

  boot(): void {
    const { sim, faults, supervisor, connectTimeoutMs } = this.#ports;
    sim.after(this.#random(), "hears of a spawn", supervisor, () => this.child.emit("spawn"));
    if (faults.fires("neverReady")) return;
    const slowness = faults.fires("slowBoot", 2) ? 1.5 * connectTimeoutMs : 30;
    const bootMs = 2 + this.#random() * slowness;
    if (faults.fires("crashInBoot", 2)) {
      sim.after(this.#random() * bootMs * 2, "crashes in its boot", this.owner, () => {
        this.die(1, null);
      });
    }
    sim.after(bootMs, "greets", this.owner, () => {
      this.#greet();
    });
  }

  /** The loop of this process stands still for so long, with nobody knowing but the guard where `functionName` is given. */
  standStill(durationMs: number, functionName?: string): void {
    if (this.owner.isStopped) return;
    const { sim, outside } = this.#ports;
    this.owner.stop();
    if (functionName !== undefined) this.stuck = { functionName, sinceMs: sim.nowMs };
    // Whoever ends it, it is not the process itself.
    sim.after(durationMs, `lets worker ${String(this.pid)} go on`, outside, () => {
      this.goOn();
    });
  }

  goOn(): void {
    if (!this.owner.isStopped || this.isDead) return;
    this.stuck = null;
    this.owner.go();
    if (this.#hasPendingTerm) this.signal("SIGTERM");
  }

  signal(signal: NodeJS.Signals): void {
    const { sim, outside } = this.#ports;
    sim.note(`worker ${String(this.pid)} gets ${signal}`);
    if (signal === "SIGTERM" && this.#ignoresTerm) {
      this.#ports.faults.happened("ignoresTerm");
      return;
    }
    if (signal === "SIGTERM" && this.owner.isStopped && this.stuck === null) {
      this.#hasPendingTerm = true;
      return;
    }
    sim.after(this.#random() * 2, `ends worker ${String(this.pid)}`, outside, () => {
      this.die(null, signal);
    });
  }

  /** It is no more. Its exit and the end of its link are heard of in either order. */
  die(code: number | null, signal: NodeJS.Signals | null): void {
    if (this.isDead) return;
    const { sim, faults, supervisor, outside } = this.#ports;
    this.isDead = true;
    this.owner.isGone = true;
    sim.note(`worker ${String(this.pid)} ends with ${String(signal ?? code)}`);
    const exitMs = this.#random() * (faults.fires("lateExit", 3) ? 400 : 3);
    const endMs = this.#random() * (faults.fires("lateEof", 3) ? 400 : 3);
    this.#end.cut();
    sim.after(exitMs, `hears that worker ${String(this.pid)} ended`, supervisor, () => {
      this.child.emit("exit", code, signal);
    });
    sim.after(endMs, `closes the link of worker ${String(this.pid)}`, outside, () => {
      this.#end.died();
    });
    sim.after(Math.max(exitMs, endMs) + 1, "closes", supervisor, () =>
      this.child.emit("close", code, signal),
    );
  }

  sleep(durationMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.#ports.sim.after(durationMs, "wakes", this.owner, resolve);
    });
  }

  /** What the guard thread says; a process that is stopped as a whole says nothing. */
  where(): Promise<WhereAnswer | null> {
    const { sim, supervisor } = this.#ports;
    const isSilent = this.owner.isStopped && this.stuck === null;
    return new Promise((resolve) => {
      sim.after(
        this.isDead ? 0 : isSilent ? 1000 : 1 + this.#random() * 40,
        "hears the guard",
        supervisor,
        () => {
          if (this.isDead || isSilent) resolve(null);
          else if (this.stuck === null) resolve({ function: null, file: null, line: null, lagMs: 0 });
          else
            resolve({
              function: this.stuck.functionName,
              file: "/functions/sim.ts",
              line: 1,
              lagMs: Math.ceil(sim.nowMs - this.stuck.sinceMs) + 1,
            });
        },
      );
    });
  }

  #greet(): void {
    const { sim, faults, maxFrameBytes, windowChunks } = this.#ports;
    const link = createLink(socketOf(this.#end), maxFrameBytes, {
      message: (message) => {
        session.receive(message);
      },
      fault: (error) => {
        sim.note(`worker ${String(this.pid)} gives up: ${String(error)}`);
        this.die(1, null);
      },
      gone: () => {
        this.die(null, "SIGKILL");
      },
    });
    const session: Session = createSession({
      link: this.#unreliable(link),
      dev: false,
      windowChunks,
      finished: () => {
        link.end(() => {
          this.die(0, null);
        });
      },
    });
    session.open();
    link.flush();
    if (faults.fires("neverReady")) return;
    sim.after(this.#random() * 20, "has its functions", this.owner, () => {
      session.provide(this.registry);
    });
  }

  /** As a worker of somebody else's may be: it says things twice, of calls that are not its own, and what no message is. */
  #unreliable(link: Link): Link {
    const { sim, faults } = this.#ports;
    return Object.create(link, {
      sendResult: {
        value: (requestId: number | bigint, result: Uint8Array, durationUs: number) => {
          link.sendResult(requestId, result, durationUs);
          if (faults.fires("answersTwice")) {
            sim.after(this.#random() * 50, "answers twice", this.owner, () => {
              link.sendResult(requestId, result, durationUs);
            });
          }
          this.#sayMore(link, Number(requestId));
        },
      },
      sendChunk: {
        value: (requestId: number | bigint, sequence: number, data: Uint8Array) => {
          const part = faults.fires("streamBreaks", 0.3) ? this.#random() : 1;
          if (part < 0.3) link.sendChunk(requestId, sequence + 1, data);
          else link.sendChunk(requestId, sequence, data);
          if (part > 0.6 && part < 1) link.send({ type: "StreamStart", requestId, window: 4 });
          else if (part > 0.3 && part < 1)
            link.send({ type: "StreamEnd", requestId, totalChunks: sequence + 7 });
        },
      },
    }) as Link;
  }

  #sayMore(link: Link, requestId: number): void {
    const { faults, foreignCall } = this.#ports;
    const nobodys = encodeValue({ key: "nobody's" });
    if (faults.fires("answersUnknown", 0.2)) link.sendResult(requestId + 1_000_000, nobodys, 1);
    const foreign = foreignCall(this.pid);
    if (foreign !== null && faults.fires("answersForeign")) link.sendResult(foreign, nobodys, 1);
    if (!faults.fires("garbage", 0.2)) return;
    link.flush();
    const frame =
      this.#random() < 0.5 ? encode({ type: "HealthCheck" }) : Uint8Array.of(0, 0, 0, 1, 0xee, 0xc1);
    this.#end.write(frame, () => undefined);
  }
}

/** As much of Node's socket as the worker's link uses. */
function socketOf(end: LinkEnd): Socket {
  const events = new EventEmitter();
  end.attach({
    data: (chunk) => events.emit("data", chunk),
    drain: () => undefined,
    end: () => events.emit("end"),
    close: (error) => {
      if (error !== undefined) events.emit("error", error);
      events.emit("close");
    },
  });
  end.resume();
  const socket = Object.assign(events, {
    cork: () => undefined,
    uncork: () => undefined,
    write: (bytes: Uint8Array, done: () => void) => end.write(bytes, done),
    pause: () => {
      end.pause();
    },
    resume: () => {
      end.resume();
    },
    end: (done: () => void) => {
      end.write(new Uint8Array(0), done);
      end.end();
    },
  });
  Object.defineProperty(socket, "writableLength", { get: () => end.queuedBytes });
  return socket as unknown as Socket;
}
