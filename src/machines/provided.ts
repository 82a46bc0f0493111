// Stands where the composition root puts a real effect, so that a machine can name and type its actors without
// importing them. A machine started without them says so instead of doing nothing.

import { fromCallback, type CallbackActorLogic, type EventObject } from "xstate";

export function provided<Event extends EventObject, Input>(name: string): CallbackActorLogic<Event, Input> {
  return fromCallback<Event, Input>(() => {
    throw new Error(`The actor "${name}" was not provided; machines are started through system/.`);
  });
}
