// One look at what the main thread is doing: stops it in the middle of its JavaScript, reads the stack and the call
// that it serves, and lets it go on. Runs in the guard thread; opens no port and prints nothing.

import { type Runtime, Session } from "node:inspector";

import type { StackFrame } from "./guard-place.js";

export interface Sight {
  /** The innermost first. */
  readonly frames: readonly StackFrame[];
  /** The function whose call the code serves, also after an `await`; undefined outside a call. */
  readonly functionName: string | undefined;
}

/** Where current-context.ts keeps the calls. */
const runningFunction = `globalThis[Symbol.for("splice.worker.context")].getStore().functionName`;

/** Undefined when the main thread could not be stopped within that time: it is in native code, or waits. */
export function lookAtMainThread(withinMs: number): Promise<Sight | undefined> {
  return new Promise((resolve) => {
    const session = new Session();
    let isOver = false;
    let hasAsked = false;
    const urls = new Map<string, string>();

    function finish(sight?: Sight): void {
      if (isOver) return;
      isOver = true;
      clearTimeout(timer);
      // All of it whatever has happened, and in this order: the main thread works it off as soon as it can, also
      // when that is long after this. Someone who debugs the worker and had it stopped before finds it stopped.
      if (hasAsked) session.post("Debugger.resume");
      session.post("Debugger.disable");
      session.disconnect();
      resolve(sight);
    }

    session.connectToMainThread();
    const timer = setTimeout(finish, withinMs);
    session.on("Debugger.scriptParsed", ({ params: { scriptId, url } }) => {
      urls.set(scriptId, url);
    });
    session.on("Debugger.paused", ({ params: { callFrames } }) => {
      const expression = { expression: runningFunction, returnByValue: true, silent: true };
      session.post("Runtime.evaluate", expression, (_error, evaluated?: Runtime.EvaluateReturnType) => {
        const value: unknown = evaluated?.result.value;
        const frames = callFrames.map(({ location }) => ({
          url: urls.get(location.scriptId) ?? "",
          ...location,
        }));
        finish({ frames, functionName: typeof value === "string" ? value : undefined });
      });
    });
    // Asked to stop only when it is seen to obey: what it would find later, coming out of native code, could stop it
    // when nobody looks any more.
    session.post("Debugger.enable", (error) => {
      if (isOver) return;
      if (error !== null) {
        finish();
        return;
      }
      hasAsked = true;
      session.post("Debugger.pause");
    });
  });
}
