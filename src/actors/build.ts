// Makes what the workers of a further generation run, as an actor: says how it went, once, and gives up when it is
// stopped. How something is built it is told.

import { fromCallback, type AnyEventObject, type CallbackActorLogic } from "xstate";
import { messageOf } from "../errors.js";
import type { BuildFact } from "../machines/reload/events.js";
import type { BuildInput } from "../machines/reload/machine.js";

export interface BuildPorts {
  /**
   * Resolves when it is made and lies still; rejects with a message that a person is to read. Aborting the signal ends
   * what it has started.
   */
  readonly build: (input: BuildInput, signal: AbortSignal) => Promise<{ readonly isSame: boolean }>;
}

export function createBuildActor({ build }: BuildPorts): CallbackActorLogic<AnyEventObject, BuildInput> {
  return fromCallback<AnyEventObject, BuildInput>(({ input, sendBack }) => {
    const report: (fact: BuildFact) => void = sendBack;
    const stopped = new AbortController();
    const { signal } = stopped;
    build(input, signal).then(
      ({ isSame }) => {
        if (!signal.aborted) report({ type: "build.succeeded", isSame });
      },
      (error: unknown) => {
        if (!signal.aborted) report({ type: "build.failed", message: messageOf(error) });
      },
    );
    return () => {
      stopped.abort();
    };
  });
}
