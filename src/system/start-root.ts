// The one way a root actor is started, and watched: XState ends the process with the error of an actor as soon as one of
// its observers does not listen for errors, so nobody else subscribes to a root.

import { createActor, type Actor, type AnyActorLogic, type InputFrom, type SnapshotFrom } from "xstate";
import type { InspectObserver } from "../contract/inspect-observer.js";
import type { Clock } from "../time.js";

/** Starts `logic` on `clock`; `onFailed` hears of an error that escaped it or an actor below it, `onDone` of its last state. */
export function startRoot<Logic extends AnyActorLogic>(
  logic: Logic,
  options: {
    readonly input: InputFrom<Logic>;
    readonly clock: Clock;
    /** Sees all of it from the beginning on; must not throw. Undefined: nobody does. */
    readonly inspect?: InspectObserver | undefined;
    readonly prepare: (actor: Actor<Logic>) => void;
    readonly onSnapshot: (snapshot: SnapshotFrom<Logic>) => void;
    readonly onDone: () => void;
    readonly onFailed: (error: unknown) => void;
  },
): Actor<Logic> {
  const { clock, inspect, onSnapshot, onDone, onFailed } = options;
  const actor = createActor(logic as AnyActorLogic, {
    input: options.input,
    ...(inspect === undefined ? {} : { inspect: { next: (event) => inspect.next?.(event) } }),
    clock: {
      setTimeout: (callback, delayMs) => clock.setTimeout(callback, delayMs),
      clearTimeout: (handle) => {
        clock.clearTimeout(handle);
      },
    },
  }) as Actor<Logic>;
  options.prepare(actor);
  actor.subscribe({ next: onSnapshot, error: onFailed, complete: onDone });
  actor.start();
  return actor;
}
