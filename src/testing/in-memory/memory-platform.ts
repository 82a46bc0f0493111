// A platform on which workers are no processes: each is the session and the runtime of src/worker in this one, at the
// other end of a link in memory. Knows the worker's ends; nothing of charts, calls and configuration.

import { AsyncResource } from "node:async_hooks";
import type { ChildProcess } from "node:child_process";
import { EventEmitter } from "node:events";
import { noGuard } from "../../actors/guard-link.js";
import type { ProcessPlatform } from "../../actors/process-platform.js";
import { isProtocolError } from "../../protocol/protocol-error.js";
import type { ByteDuplex } from "../../transport/duplex.js";
import { createMemoryPair } from "../../transport/memory-duplex.js";
import { createLink } from "../../worker/link.js";
import type { Registry } from "../../worker/registry.js";
import { createSession, SessionError } from "../../worker/session.js";
import { linkSocketOf } from "./link-socket.js";

export interface MemoryWorkerOptions {
  readonly registry: Registry;
  readonly dev: boolean;
  readonly maxFrameBytes: number;
  readonly windowChunks: number;
}

/** Above what Linux and macOS give, so that nobody's process is meant. */
const firstPid = 4_194_305;

export function createMemoryPlatform(options: MemoryWorkerOptions): ProcessPlatform {
  const links = new Map<ChildProcess, ByteDuplex>();
  const living = new Map<number, MemoryWorker>();
  // A function sees nothing of what its caller keeps in an AsyncLocalStorage: it would not in a process of its own.
  const outside = new AsyncResource("splice in memory");
  const later = (run: () => void): void => {
    outside.runInAsyncScope(setImmediate, undefined, run);
  };
  let started = 0;
  return {
    spawn() {
      const pid = firstPid + started++;
      const child = new EventEmitter() as unknown as ChildProcess;
      const [supervisorEnd, workerEnd] = createMemoryPair({ schedule: later });
      Object.assign(child, { pid, stdio: [null, null, null, { destroy: () => undefined }] });
      links.set(child, supervisorEnd);
      const worker = new MemoryWorker(options, workerEnd, (exitCode, signal) => {
        living.delete(pid);
        links.delete(child);
        later(() => {
          child.emit("exit", exitCode, signal);
          child.emit("close", exitCode, signal);
        });
      });
      living.set(pid, worker);
      later(() => {
        child.emit("spawn");
        worker.greet();
      });
      return child;
    },
    linkOf: (child) => links.get(child) ?? null,
    guardOf: () => noGuard,
    signalGroup(pid, signal) {
      const worker = living.get(pid);
      if (worker === undefined) throw new Error("kill ESRCH");
      worker.end(null, signal);
    },
    afterTurn: later,
  };
}

class MemoryWorker {
  readonly #options: MemoryWorkerOptions;
  readonly #end: ByteDuplex;
  readonly #onExit: (exitCode: number | null, signal: NodeJS.Signals | null) => void;
  #isOver = false;

  constructor(options: MemoryWorkerOptions, end: ByteDuplex, onExit: MemoryWorker["end"]) {
    this.#options = options;
    this.#end = end;
    this.#onExit = onExit;
  }

  /** Its link is closed, and nobody hears of what its functions still do: in one process with them they cannot be ended. */
  end(exitCode: number | null, signal: NodeJS.Signals | null): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#end.destroy();
    this.#onExit(exitCode, signal);
  }

  greet(): void {
    if (this.#isOver) return;
    const { registry, dev, maxFrameBytes, windowChunks } = this.#options;
    const leave = (): void => {
      link.end(() => {
        this.end(0, null);
      });
    };
    const link = createLink(linkSocketOf(this.#end), maxFrameBytes, {
      message: (message) => {
        session.receive(message);
        // Whoever waits for a call that is still running has been answered; nobody is there to end it.
        if (message.type === "Shutdown") leave();
      },
      fault: (error) => {
        this.end(1, null);
        if (!(error instanceof SessionError) && !isProtocolError(error)) throw error;
      },
      gone: () => {
        this.end(null, "SIGKILL");
      },
    });
    const session = createSession({ link, dev, windowChunks, finished: () => undefined });
    session.open();
    session.provide(registry);
  }
}
