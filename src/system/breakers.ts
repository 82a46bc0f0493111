// The bridge from the breakers of the control plane to the gates of dispatch, and to whoever watches. It decides nothing.

import type { LifecycleEvent } from "../contract/status.js";
import type { Gates } from "../dispatch/gates.js";
import type { Log } from "../log.js";
import type { BreakerPicture, BreakerReport } from "../machines/breaker/events.js";
import { breakersMachine } from "../machines/breakers/machine.js";

type Announce = (event: Omit<LifecycleEvent, "atMs">) => void;

export function createBreakers(gates: Gates, log: Log, announce: Announce): typeof breakersMachine {
  return breakersMachine.provide({
    actions: {
      moveGate: ({ event }) => {
        if (!("picture" in event)) return;
        gates.move(event.name, event.picture);
        tell(log, event);
        announce({ type: event.type, functionName: event.name, reason: event.picture.why });
      },
    },
  });
}

/** Of a pool's spawn breaker. */
export function tellPoolBreaker(
  log: Log,
  type: BreakerReport["type"],
  pool: string,
  { state, why }: BreakerPicture,
): void {
  if (type === "breaker.closed") log.info(`pool ${pool} starts workers again, because ${why}`);
  else if (type === "breaker.halfOpened") log.info(`pool ${pool} tries to start one worker`);
  else log.error(`pool ${pool} starts no more workers (its breaker is ${state}), because ${why}`, { pool });
}

function tell(log: Log, { type, name, picture: { state, reason, why } }: BreakerReport): void {
  const functionName = JSON.stringify(name);
  if (type === "breaker.closed") log.info(`breaker of ${functionName} is closed, because ${why}`);
  else if (type === "breaker.halfOpened") log.debug(`breaker of ${functionName} lets one call through`);
  else log.warn(`breaker of ${functionName} is ${state}, because ${why}`, { functionName: name, reason });
}
