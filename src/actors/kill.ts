// One rung of the kill ladder: a signal to a worker's whole process group. Which rung, and when, the machine knows.

import { fromCallback, type AnyEventObject, type CallbackActorLogic } from "xstate";
import type { KillInput } from "../machines/worker/context.js";
import type { ProcessRegistry } from "./process-registry.js";

export function createKillActor(registry: ProcessRegistry): CallbackActorLogic<AnyEventObject, KillInput> {
  return fromCallback<AnyEventObject, KillInput>(({ input }) => {
    registry.signal(input.instance, input.signal);
  });
}
