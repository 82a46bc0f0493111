// Which call the running code belongs to. The storage hangs on the process, not on this module, so that two
// copies of the package in one worker agree.

import { AsyncLocalStorage } from "node:async_hooks";
import type { Context } from "../contract/context-type.js";

const key = Symbol.for("splice.worker.context");

function storageOfProcess(): AsyncLocalStorage<Context> {
  const existing: unknown = Reflect.get(globalThis, key);
  if (existing instanceof AsyncLocalStorage) return existing as AsyncLocalStorage<Context>;
  const storage = new AsyncLocalStorage<Context>();
  Reflect.set(globalThis, key, storage);
  return storage;
}

export const contextStorage = storageOfProcess();

/**
 * The Context of the call that the running code serves, also after an await. Throws outside a call.
 */
export function currentContext(): Context {
  const context = contextStorage.getStore();
  if (context === undefined) {
    throw new Error(
      "currentContext() was used outside a call. Use it inside a function that Splice called, or in what it awaits; " +
        "code at the top of a module runs before any call.",
    );
  }
  return context;
}
