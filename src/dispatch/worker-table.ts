// The processes that calls can be sent to, from the handshake of each to its end, and who waits for one to fall quiet.

import type { InstanceId } from "../ids.js";
import { WorkerState, type WorkerPort } from "./worker-state.js";

export class WorkerTable {
  readonly #workers = new Map<InstanceId, WorkerState>();

  attach(port: WorkerPort): void {
    this.#workers.set(port.instance, new WorkerState(port));
  }

  get(instance: InstanceId): WorkerState | undefined {
    return this.#workers.get(instance);
  }

  remove(instance: InstanceId): void {
    this.#workers.delete(instance);
  }

  instances(): Iterable<InstanceId> {
    return this.#workers.keys();
  }

  /** True while this worker has a call whose caller still waits, which is to say within its deadline. */
  isBusy(instance: InstanceId): boolean {
    return (this.#workers.get(instance)?.live ?? 0) > 0;
  }

  /** Calls back once this process has no call any more. */
  whenIdle(instance: InstanceId, callback: () => void): void {
    const worker = this.#workers.get(instance);
    if (worker === undefined || worker.inFlight === 0) callback();
    else worker.onIdle = callback;
  }

  /** Calls back once nobody waits for a call of this process any more. */
  whenQuiet(instance: InstanceId, callback: () => void): void {
    const worker = this.#workers.get(instance);
    if (worker === undefined || worker.live === 0) callback();
    else worker.onQuiet = callback;
  }
}
