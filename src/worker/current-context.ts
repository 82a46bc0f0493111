// Which call the running code belongs to, as function files ask for it.

import type { Context } from "../contract/context-type.js";
import { callStorage, currentCall } from "../contract/current-call.js";

export const contextStorage = callStorage();

/**
 * The Context of the call that the running code serves, also after an await. Throws outside a call.
 */
export function currentContext(): Context {
  const context = currentCall();
  if (context === undefined) {
    throw new Error(
      "currentContext() was used outside a call. Use it inside a function that Splice called, or in what it awaits; " +
        "code at the top of a module runs before any call.",
    );
  }
  return context;
}
