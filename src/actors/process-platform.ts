// What running a worker needs of the platform: a process with pipes, signals to its group, a turn of the loop. The only
// place that spawns workers; what their ends and their links mean is process.ts's business.

import { spawn, type ChildProcess } from "node:child_process";
import { Socket } from "node:net";
import type { Readable, Writable } from "node:stream";
import type { Clock } from "../time.js";
import { fromSocket, type ByteDuplex } from "../transport/duplex.js";
import type { Schedule } from "../transport/outbox.js";
import { createGuardLink, noGuard, type GuardLink } from "./guard-link.js";
import type { WorkerCommand } from "./worker-command.js";

/** Which descriptors a process is given beside stdout and stderr. */
export interface Descriptors {
  readonly link: boolean;
  readonly guard: boolean;
  /** Its stdin is a pipe, on which it is told what to do. Default: it has none. */
  readonly orders?: boolean;
}

export interface ProcessPlatform {
  /** In a group of its own. As spawn does it, what fails is an `error` event later, or thrown. */
  spawn(command: WorkerCommand, has: Descriptors): ChildProcess;
  /** The link that the process inherits; null when it could not be given one. */
  linkOf(child: ChildProcess): ByteDuplex | null;
  guardOf(child: ChildProcess, clock: Clock): GuardLink;
  /** @throws when there is no such group any more. */
  readonly signalGroup: (pid: number, signal: NodeJS.Signals) => void;
  /** Runs it after what has arrived by now is read. */
  readonly afterTurn: Schedule;
}

/** Where the guard link is in the child; the place after the link's. */
export const guardFd = 4;
const linkFd = 3;

/** A child as it may really be: one that could not be given pipes has none, whatever its type says. */
export interface Piped {
  readonly stdout?: Readable | null | undefined;
  readonly stderr?: Readable | null | undefined;
  readonly stdio?: readonly (Readable | Writable | null | undefined)[] | undefined;
}

/** stdin, stdout, stderr, link, guard link; empty for a child without pipes. */
export function pipesOf(child: Piped): readonly (Readable | Writable | null | undefined)[] {
  return child.stdio ?? [];
}

export const nodePlatform: ProcessPlatform = {
  spawn: (command, has) =>
    spawn(command.program, command.args, {
      cwd: command.cwd,
      env: command.env,
      detached: true,
      shell: false,
      // What is ignored above stderr is not open in the child.
      stdio: [
        has.orders === true ? "pipe" : "ignore",
        "pipe",
        "pipe",
        has.link ? "pipe" : "ignore",
        ...(has.guard ? (["pipe"] as const) : []),
      ],
    }),
  linkOf: (child) => {
    const socket = pipesOf(child)[linkFd];
    return socket instanceof Socket ? fromSocket(socket) : null;
  },
  guardOf: (child, clock) => {
    const socket = pipesOf(child)[guardFd];
    return socket instanceof Socket ? createGuardLink(socket, clock) : noGuard;
  },
  signalGroup: (pid, signal) => {
    process.kill(-pid, signal);
  },
  afterTurn: (run) => {
    setImmediate(run);
  },
};
