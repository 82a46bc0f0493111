// The worker processes that live, held outside XState: whatever happens to the actor tree, they can be found and
// ended here. Signals go through it alone, to a process group that is known to be unreaped, never to a stored pid.

import type { ChildProcess } from "node:child_process";
import type { InstanceId, WorkerId } from "../ids.js";
import type { WorkerEvent } from "../machines/worker/events.js";
import type { HealthStatus } from "../protocol/messages.js";
import type { ByteDuplex } from "../transport/duplex.js";
import type { Outbox } from "../transport/outbox.js";
import type { GuardLink } from "./guard-link.js";
import { nodePlatform, type ProcessPlatform } from "./process-platform.js";

export interface ProcessEntry {
  readonly instance: InstanceId;
  readonly workerId: WorkerId;
  readonly pool: string;
  readonly generation: number;
  readonly startedAtMs: number;
  readonly child: ChildProcess;
  /** Says something to the machine of this worker, as long as this process is its own. */
  readonly tell: (event: WorkerEvent) => void;
  /** Settles when the worker is connected; for an inherited link that is as soon as it runs. */
  readonly link: Promise<ByteDuplex>;
  /** Says where the worker's main thread is, also when that answers nothing. */
  readonly guard: GuardLink;
  /** True once the worker is in service; what it printed before belongs to the story of its start. */
  isInService: boolean;
  /** Set by the link actor once the link is open. */
  outbox: Outbox | null;
  /** The capability bits that both sides have; set by the handshake. */
  capabilities: number;
  /** Who wants to hear of HealthStatus; set by the heartbeat actor. */
  onHealthStatus: ((status: HealthStatus) => void) | null;
}

/** The registries with living processes, so that however many there are one listener sees to the program's exit. */
const inhabited = new Set<ProcessRegistry>();

function killAllOnExit(): void {
  for (const registry of inhabited) registry.killAll();
}

export class ProcessRegistry {
  readonly #kill: ProcessPlatform["signalGroup"];
  readonly #entries = new Map<InstanceId, ProcessEntry>();
  #isClosed = false;

  /** `kill` is how a group is signalled. */
  constructor(kill = nodePlatform.signalGroup) {
    this.#kill = kill;
  }

  add(entry: ProcessEntry): void {
    this.#entries.set(entry.instance, entry);
    if (inhabited.size === 0) process.on("exit", killAllOnExit);
    inhabited.add(this);
  }

  get(instance: InstanceId): ProcessEntry | undefined {
    return this.#entries.get(instance);
  }

  entries(): Iterable<ProcessEntry> {
    return this.#entries.values();
  }

  /** For a process whose end was reported. What is left of its group is killed: nobody else would. */
  remove(instance: InstanceId): void {
    const entry = this.#entries.get(instance);
    if (entry === undefined) return;
    this.#signalGroup(entry, "SIGKILL");
    this.#entries.delete(instance);
    if (this.#entries.size > 0) return;
    inhabited.delete(this);
    if (inhabited.size === 0) process.removeListener("exit", killAllOnExit);
  }

  /** Signals the process and all that it started and did not detach; nothing when it has already been reaped. */
  signal(instance: InstanceId, signal: NodeJS.Signals): void {
    const entry = this.#entries.get(instance);
    if (entry !== undefined) this.#signalGroup(entry, signal);
  }

  /** True after `close`: a process must not be started any more. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Kills every process and takes no further one. A failed actor tree may go on, and must not start anything. */
  close(): void {
    this.#isClosed = true;
    this.killAll();
  }

  killAll(): void {
    for (const entry of this.#entries.values()) this.#signalGroup(entry, "SIGKILL");
  }

  #signalGroup(entry: ProcessEntry, signal: NodeJS.Signals): void {
    const { pid } = entry.child;
    if (pid === undefined) return;
    try {
      this.#kill(pid, signal);
    } catch {
      // ESRCH: the whole group is gone, which is what was wanted.
    }
  }
}
