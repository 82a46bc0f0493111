// The main thread's end of the guard thread: starts it and answers its pings. What the thread does, and why it is
// one, stands in guard-thread.ts.

import { resolve } from "node:path";
import { Worker } from "node:worker_threads";
import { messageOf } from "../errors.js";
import { type FromGuard, type GuardData, RunningMemory, type ToGuard } from "./guard-protocol.js";

export interface Guard {
  /** Resolves when the thread watches the link; rejects when there will be none. */
  readonly watching: Promise<void>;
  readonly memory: RunningMemory;
  /** What runs will be this; for a thread that was started before that was known. */
  place(functionsFile: string): void;
  /** The functions are loaded; numbers in the memory are places in this list. */
  name(functions: readonly string[]): void;
}

/**
 * Bounds, not reservations: the thread needs a few MiB, and more for a moment while it reads a large source map or a
 * deep stack.
 */
const resourceLimits = { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 4, stackSizeMb: 1 };

/** `functionsFile` null: to be told later. `onEnded` is told when a thread that has been watching is no more. */
export function startGuard(
  fd: number,
  functionsFile: string | null,
  onEnded: (reason: string) => void,
): Guard {
  const memory = new RunningMemory();
  const workerData: GuardData = {
    fd,
    functionsFile: functionsFile === null ? "" : resolve(functionsFile),
    memory: memory.shared,
    at: { mainMs: performance.now(), sharedNs: process.hrtime.bigint() },
  };
  // Nothing of what the pool or its functions set up, such as files to load first, is the thread's.
  const thread = new Worker(new URL("./guard-thread.js", import.meta.url), {
    name: "splice-guard",
    workerData,
    resourceLimits,
    env: {},
    argv: [],
    execArgv: [],
  });
  const send = (message: ToGuard): void => {
    thread.postMessage(message);
  };
  let isWatching = false;
  const watching = new Promise<void>((done, fail) => {
    thread.on("message", ({ type }: FromGuard) => {
      if (type === "ping") {
        send({ type: "pong" });
        return;
      }
      isWatching = true;
      done();
    });
    const ended = (reason: string): void => {
      fail(new Error(reason));
      if (isWatching) onEnded(reason);
      isWatching = false;
    };
    thread.on("error", (error: unknown) => {
      ended(messageOf(error));
    });
    thread.on("exit", () => {
      ended("it ended by itself");
    });
  });
  // Whoever waits sees it; nobody waiting yet must not become an unhandled rejection.
  watching.catch(() => undefined);
  thread.unref();
  return {
    watching,
    memory,
    place(file) {
      send({ type: "file", functionsFile: resolve(file) });
    },
    name(functions) {
      send({ type: "functions", names: functions });
    },
  };
}
