// What a worker tells its pool, made from what its chart knows. Pure.

import type { WorkerContext } from "./context.js";
import type {
  WorkerCondemned,
  WorkerEvent,
  WorkerExited,
  WorkerReady,
  WorkerWithdrawn,
  WorkerWorn,
} from "./events.js";

const who = ({ memberId, workerId, pool, instance }: WorkerContext) => ({
  memberId,
  workerId,
  pool,
  instance,
});

export function ready(context: WorkerContext): WorkerReady {
  const { pid, generation, exports } = context;
  return { type: "worker.ready", ...who(context), pid: pid ?? 0, generation, exports };
}

export function withdrawn(context: WorkerContext): WorkerWithdrawn {
  return { type: "worker.withdrawn", ...who(context) };
}

export function condemned(context: WorkerContext): WorkerCondemned {
  return { type: "worker.condemned", ...who(context), reason: context.overdue.reason };
}

export function worn(context: WorkerContext, event: WorkerEvent): WorkerWorn {
  return {
    type: "worker.worn",
    ...who(context),
    reason: event.type === "use.exceeded" ? event.reason : "",
  };
}

export function exited(context: WorkerContext): WorkerExited {
  const { pid, generation, exit } = context;
  return { type: "worker.exited", ...who(context), pid, generation, exit };
}
