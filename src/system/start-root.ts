// The one way a root actor is started: with an observer for its errors, without which XState would end the process.

import { createActor, type Actor, type AnyActorLogic, type InputFrom } from "xstate";
import type { Clock } from "../time.js";

/** Starts `logic` on `clock`; `onFailed` hears of an error that escaped the machine, `onDone` of its last state. */
export function startRoot<Logic extends AnyActorLogic>(
  logic: Logic,
  options: {
    readonly input: InputFrom<Logic>;
    readonly clock: Clock;
    readonly prepare: (actor: Actor<Logic>) => void;
    readonly onDone: () => void;
    readonly onFailed: (error: unknown) => void;
  },
): Actor<Logic> {
  const { clock, onDone, onFailed } = options;
  const actor = createActor(logic as AnyActorLogic, {
    input: options.input,
    clock: {
      setTimeout: (callback, delayMs) => clock.setTimeout(callback, delayMs),
      clearTimeout: (handle) => {
        clock.clearTimeout(handle);
      },
    },
  }) as Actor<Logic>;
  actor.subscribe({ error: onFailed, complete: onDone });
  options.prepare(actor);
  actor.start();
  return actor;
}
