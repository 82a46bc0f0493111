// Notes which function the main thread has entered and when its loop was last going, so that the guard thread can say
// it of a loop that stands still. Knows no thread: it writes two numbers.

import type { RunningMemory } from "./guard-protocol.js";

export interface CallWatch {
  /** The function is called now. */
  entered(functionName: string, nowMs: number): void;
  /** The function has returned, with its result or a promise of it. */
  left(): void;
  /** Runs a later step of a function that was entered and left: one of its items. */
  during<Result>(functionName: string, step: () => Result): Result;
}

export interface CallWatchOptions {
  readonly memory: RunningMemory;
  /** Numbers are places in this list. */
  readonly names: readonly string[];
  readonly hasCalls: () => boolean;
}

/** While calls are under way the loop shows this often that it is going: so exact is `lagMs` after an `await`. */
const beatMs = 100;

export function createCallWatch({ memory, names, hasCalls }: CallWatchOptions): CallWatch {
  const numbers = new Map(names.map((name, index) => [name, index]));
  let timer: NodeJS.Timeout | undefined;

  function beat(): void {
    if (hasCalls()) {
      memory.aliveAtMs = performance.now();
      return;
    }
    clearInterval(timer);
    timer = undefined;
    memory.aliveAtMs = 0;
  }

  return {
    entered(functionName, nowMs) {
      memory.aliveAtMs = nowMs;
      memory.running = numbers.get(functionName) ?? -1;
      timer ??= setInterval(beat, beatMs).unref();
    },
    left() {
      memory.running = -1;
    },
    during(functionName, step) {
      memory.running = numbers.get(functionName) ?? -1;
      try {
        return step();
      } finally {
        memory.running = -1;
      }
    },
  };
}
