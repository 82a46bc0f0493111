// Where the running code is: in which call of a worker, and where its supervisor can be reached. Both hang on the process,
// not on this module, so that the worker's copy of the package and the one that functions import agree. Decides nothing.

import { AsyncLocalStorage } from "node:async_hooks";
import type { Context } from "./context-type.js";

const contextKey = Symbol.for("splice.worker.context");
const socketKey = Symbol.for("splice.worker.socket");

/** What a worker runs its calls in; made when there is none yet. */
export function callStorage(): AsyncLocalStorage<Context> {
  const existing = existingStorage();
  if (existing !== undefined) return existing;
  const storage = new AsyncLocalStorage<Context>();
  Reflect.set(globalThis, contextKey, storage);
  return storage;
}

/** The call that the running code serves, also after an await; undefined outside of calls. */
export function currentCall(): Context | undefined {
  return existingStorage()?.getStore();
}

/** Said once, by the worker's runtime: the host socket of its supervisor, or null for none. */
export function setSupervisorSocket(path: string | null): void {
  Reflect.set(globalThis, socketKey, path);
}

/** The host socket of the supervisor that this process works for; null when it has none, undefined for no worker. */
export function supervisorSocket(): string | null | undefined {
  const path: unknown = Reflect.get(globalThis, socketKey);
  return typeof path === "string" || path === null ? path : undefined;
}

function existingStorage(): AsyncLocalStorage<Context> | undefined {
  const existing: unknown = Reflect.get(globalThis, contextKey);
  return existing instanceof AsyncLocalStorage ? (existing as AsyncLocalStorage<Context>) : undefined;
}
