// What a promotion means to dispatch: what older workers and their code did, or do yet, says nothing of the new.

import type { ProcessRegistry } from "../actors/process-registry.js";
import type { Dispatcher } from "../dispatch/dispatcher.js";
import type { SupervisorEmitted } from "../machines/supervisor/events.js";

export function supersede(
  { pool, to }: Extract<SupervisorEmitted, { type: "generation.promoted" }>,
  registry: ProcessRegistry,
  dispatcher: Dispatcher,
): void {
  for (const { instance, pool: other, generation } of registry.entries()) {
    const worker = dispatcher.workers.get(instance);
    if (worker !== undefined && other === pool && generation < to) worker.isSuperseded = true;
  }
  for (const state of dispatcher.functions) if (state.pool === pool) dispatcher.gates.renewed(state.name);
}
