// A whole system under one seed: the supervisor as it is, on a simulated machine with simulated workers, and hosts that
// call it over simulated links. Knows how the parts are put together, and neither faults nor workload.

import { System } from "../../../src/system/system.js";
import type { ResolvedConfig } from "../../../src/config/types.js";
import type { XstateInspection } from "../../../src/contract/inspect-observer.js";
import { HostConnection } from "../../../src/host/connection.js";
import type { HostPorts } from "../../../src/host/host-ports.js";
import type { Log } from "../../../src/log.js";
import { encodeValue } from "../../../src/protocol/values.js";
import type { HostEvent, WorkerEvent } from "../../../src/testing/history/events.js";
import type { InspectionEvent } from "xstate";
import { createByteLink, type LinkEnd } from "./byte-link.js";
import { Faults, type FaultKind } from "./faults.js";
import { GateWatch } from "./gates.js";
import { createFunctions } from "./functions.js";
import { SimHost } from "./host.js";
import { checkGone, checkInvariants } from "./invariants.js";
import { LockStepJournal } from "./lock-step.js";
import { UnreadWatch } from "./unread.js";
import { createVerifier } from "./verifier.js";
import { SimMachine } from "./process.js";
import { drawConfig } from "./settings.js";
import { Owner, Sim } from "./sim.js";

/** Pools that are added, and removed, while it runs. */
export const laterPools = ["x", "y", "z"];

export interface WorldOptions {
  readonly without: ReadonlySet<FaultKind>;
  readonly keptLines?: number | undefined;
  readonly inspect?: ((world: World, event: InspectionEvent) => void) | undefined;
}

export class World {
  readonly sim: Sim;
  readonly faults: Faults;
  readonly supervisor: Owner;
  /** Whatever happens to all of them. */
  readonly outside: Owner;
  readonly config: ResolvedConfig;
  readonly machine: SimMachine;
  readonly system: System;
  readonly journal: LockStepJournal;
  readonly hosts: SimHost[] = [];
  readonly history: HostEvent[] = [];
  readonly executions: WorkerEvent[] = [];
  /** What became of the start: null while it is under way. */
  startedAs: "ready" | "failed" | null = null;
  hasEnded = false;
  /** Whether hosts find a socket. */
  isAccepting = true;
  /** Told of each entry of the journal. */
  onEntry: (kind: string, callId: number, instance: number) => void = () => undefined;
  /** Null while the supervisor is put together. */
  readonly #gates: GateWatch | null = null;
  readonly #unread: UnreadWatch;
  /** The supervisor's ends of the links of hosts. */
  readonly #endOf = new Map<SimHost, LinkEnd>();
  readonly #pids = new Map<number, number>();
  readonly #connections = new Set<HostConnection>();

  constructor(seed: number, options: WorldOptions) {
    const sim = new Sim(seed, options.keptLines);
    this.sim = sim;
    this.supervisor = new Owner(sim, "supervisor");
    this.outside = new Owner(sim, "outside");
    this.faults = new Faults(sim, options.without);
    const { faults, supervisor } = this;
    const config = drawConfig(sim.random("config"), createVerifier(sim, faults, supervisor));
    this.config = config;
    const ports = { sim, faults, machine: () => this.machine, log: this.executions };
    this.machine = new SimMachine({
      sim,
      faults,
      supervisor,
      outside: this.outside,
      registries: new Map(
        [...config.pools.map(({ name }) => name), ...laterPools].map((name) => [
          name,
          createFunctions(name, ports),
        ]),
      ),
      connectTimeoutMs: config.connectTimeoutMs,
      maxFrameBytes: config.limits.maxFrameBytes,
      windowChunks: config.streams.windowChunks,
      foreignCall: (pid) => this.#foreignCall(pid),
    });
    this.journal = new LockStepJournal(
      (error) => {
        sim.fail(error);
      },
      (kind, callId, instance, code, functionName) => {
        sim.note(`journal ${kind} call ${String(callId)} process ${String(instance)} code ${String(code)}`);
        if (kind === "spawn") this.#pids.set(instance, code);
        this.#gates?.entered(kind, callId, code, functionName);
        if (kind === "settle" && code === 0) this.#answered(callId);
        this.onEntry(kind, callId, instance);
      },
    );
    this.#unread = new UnreadWatch(config.limits, (error) => {
      sim.fail(error);
    });
    const lateness = sim.random("lateness");
    const clock = sim.clockOf(supervisor, () => (faults.fires("lateTimers") ? lateness() * 20 : 0));
    const launches = new Map(config.pools.map((pool) => [pool.name, { pool, program: "sim", args: [] }]));
    const { inspect } = options;
    sim.current = supervisor;
    const observed = {
      ...config,
      inspect:
        inspect === undefined
          ? null
          : {
              // What is thrown here harms nobody, and would be the end of all looking.
              next: (event: XstateInspection) => {
                this.#check(() => {
                  inspect(this, event as InspectionEvent);
                });
              },
            },
    };
    this.system = new System(observed, launches, {
      clock,
      random: sim.random("supervisor"),
      log: this.#log(),
      journal: this.journal,
      platform: this.machine,
      serverId: Array<number>(16).fill(7),
      prepare: (pool) =>
        faults.fires("buildFails", 20)
          ? Promise.reject(new Error("It does not compile."))
          : Promise.resolve({ pool, program: "sim", args: [] }),
    });
    this.#gates = new GateWatch(this.system.dispatcher, (error) => {
      sim.fail(error);
    });
    this.system.started.then(
      () => (this.startedAs = "ready"),
      () => (this.startedAs = "failed"),
    );
    void this.system.ended.then(() => {
      this.hasEnded = true;
      for (const connection of this.#connections) connection.close();
    });
    sim.afterEvent = () => {
      this.#check(() => {
        checkInvariants(this.system.dispatcher, this.journal, config.limits);
      });
    };
  }

  #check(check: () => void): void {
    try {
      check();
    } catch (error) {
      this.sim.fail(error);
    }
  }

  #foreignCall(pid: number): number | null {
    for (const [callId, { instance }] of this.journal.calls)
      if (instance !== 0 && this.#pids.get(instance) !== pid) return callId;
    return null;
  }

  #answered(callId: number): void {
    const call = this.journal.calls.get(callId);
    const host = this.hosts.find(({ callerId }) => callerId === call?.callerId);
    const end = host === undefined ? undefined : this.#endOf.get(host);
    if (call !== undefined && host !== undefined && end !== undefined)
      this.#unread.answered(host, end, call.requestId);
  }

  /** Open links of hosts and workers, at the supervisor's end. */
  get links(): LinkEnd[] {
    const ofWorkers = this.machine.alive.map(({ supervisorEnd }) => supervisorEnd);
    return [...this.#endOf.values(), ...ofWorkers].filter(({ isDestroyed }) => !isDestroyed);
  }

  /** Connections of hosts that the supervisor knows. */
  get connected(): number {
    return this.#connections.size;
  }

  connect(): SimHost {
    const { sim, faults, supervisor, history } = this;
    const callerId = this.hosts.length + 1;
    const random = sim.random(`host ${String(callerId)}`);
    const owner = new Owner(sim, `host ${String(callerId)}`);
    const kernelBytes = faults.fires("tinyKernel", 5) ? 1 + Math.floor(random() * 300) : 65_536;
    const [left, right] = createByteLink({ sim, faults, random, kernelBytes }, supervisor, owner);
    const connection = new HostConnection(callerId, left, this.#hostPorts(), () => {
      this.#connections.delete(connection);
      const { afterEvent } = sim;
      sim.afterEvent = () => {
        sim.afterEvent = afterEvent;
        afterEvent();
        this.#check(() => {
          checkGone(this.journal, callerId);
        });
      };
    });
    this.#connections.add(connection);
    const host = new SimHost(sim, faults, callerId, history, random, owner, right);
    this.hosts.push(host);
    this.#endOf.set(host, left);
    return host;
  }

  #hostPorts(): HostPorts {
    const { dispatcher, serverId, clock } = this.system;
    return {
      clock,
      dispatcher,
      maxFrameBytes: this.config.limits.maxFrameBytes,
      serverId,
      startedAtMs: 0,
      exports: () => dispatcher.exports(),
      runReserved: () => ({ ok: true, result: encodeValue(null) }),
      onRefused: (callerId, reason) => {
        this.sim.note(`host ${String(callerId)} is sent away: ${reason}`);
      },
      onFault: (error) => {
        this.system.fail(error);
      },
    };
  }

  #log(): Log {
    const note = (message: string): void => {
      this.sim.note(`log ${message}`);
    };
    return {
      debug: note,
      info: note,
      warn: note,
      error: (message, fields) => {
        note(message);
        if (message.startsWith("The supervisor failed"))
          this.sim.fail(new Error(`${message} ${String(fields?.["stack"])}`));
      },
    };
  }
}
