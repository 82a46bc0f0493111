// Starts the workers that `splice conform` tests: the command as it is, without a shell, in a process group of its own
// with a link as a supervisor gives it. Leaves nothing of a group behind. Knows no scenario.

import { spawn, type ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { Socket } from "node:net";
import type { Readable, Writable } from "node:stream";
import { listenForOne, type PrivateListener } from "../../actors/private-listener.js";
import type { LinkKind } from "../../config/types.js";
import { messageOf } from "../../errors.js";
import { endingText } from "../../testing/conform/conversation.js";
import type { Ending, StartSubject } from "../../testing/conform/subject.js";
import { fromSocket, type ByteDuplex } from "../../transport/duplex.js";

export interface WorkerProcesses {
  readonly start: StartSubject;
  /** Kills every group that is left and starts none any more; resolves when they are gone. */
  close(): Promise<void>;
}

/** Where the inherited link is in the worker. */
const linkFd = 3;
/** What a worker prints last is shown with a rule that it breaks. */
const stderrTailChars = 2000;

export function createWorkerProcesses(
  command: readonly [string, ...string[]],
  link: LinkKind,
  connectTimeoutMs: number,
): WorkerProcesses {
  const running = new Set<() => Promise<void>>();
  let isClosed = false;

  const start: StartSubject = async () => {
    if (isClosed) throw new Error("The suite is being stopped");
    const listener = link === "socket" ? listenForOne() : null;
    const child = spawnWorker(command, listener);
    const exited = endingOf(child);
    const stderrTail = tailOf(child);
    const destroy = async (): Promise<void> => {
      // When it has ended its group was killed, and by now the number may be somebody else's.
      if (child.exitCode === null && child.signalCode === null) killGroup(child);
      await exited;
      listener?.close();
      for (const pipe of pipesOf(child)) pipe?.destroy();
      running.delete(destroy);
    };
    running.add(destroy);
    try {
      const duplex = await linkOf(child, listener, exited, connectTimeoutMs);
      return { duplex, exited, destroy, stderrTail, rssBytes: () => rssBytesOf(child.pid) };
    } catch (error) {
      await destroy();
      const said = stderrTail().trim();
      throw new Error(said === "" ? messageOf(error) : `${messageOf(error)} It printed: ${said}`);
    }
  };

  return {
    start,
    async close() {
      isClosed = true;
      await Promise.all([...running].map((destroy) => destroy()));
    },
  };
}

function spawnWorker(
  [program, ...args]: readonly [string, ...string[]],
  listener: PrivateListener | null,
): ChildProcess {
  const env: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (name !== "NODE_OPTIONS" && name !== "ZAP_SOCKET" && !name.startsWith("SPLICE_")) env[name] = value;
  }
  const linkEnv = listener === null ? { SPLICE_FD: String(linkFd) } : { ZAP_SOCKET: listener.path };
  const who = { SPLICE_INSTANCE: randomUUID(), SPLICE_WORKER: "conform:1", SPLICE_GENERATION: "1" };
  return spawn(program, args, {
    env: { ...env, ...linkEnv, ...who },
    detached: true,
    shell: false,
    stdio: ["ignore", "ignore", "pipe", listener === null ? "pipe" : "ignore"],
  });
}

/** Also resolves, as an exit without a code, when there never was a process. */
function endingOf(child: ChildProcess): Promise<Ending> {
  return new Promise((resolve) => {
    child.once("exit", (exitCode, signal) => {
      // What it has started and left behind.
      killGroup(child);
      resolve({ exitCode, signal });
    });
    child.on("error", () => {
      if (child.pid === undefined) resolve({ exitCode: null, signal: null });
    });
  });
}

async function linkOf(
  child: ChildProcess,
  listener: PrivateListener | null,
  exited: Promise<Ending>,
  connectTimeoutMs: number,
): Promise<ByteDuplex> {
  const inherited = pipesOf(child)[linkFd];
  const duplex = inherited instanceof Socket ? fromSocket(inherited) : undefined;
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", (error) => {
      reject(new Error(`The command could not be started: ${error.message}.`));
    });
  });
  if (listener === null) {
    if (duplex === undefined) throw new Error("The process was not given a link.");
    return duplex;
  }
  // Whichever loses the race is heard by nobody.
  listener.connected.catch(() => undefined);
  let timer: NodeJS.Timeout | undefined;
  const inVain = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`The worker did not connect to ZAP_SOCKET within ${String(connectTimeoutMs)} ms.`));
    }, connectTimeoutMs);
    void exited.then((ending) => {
      reject(new Error(`The worker ended ${endingText(ending)} before it connected to ZAP_SOCKET.`));
    });
  });
  try {
    return await Promise.race([listener.connected, inVain]);
  } finally {
    clearTimeout(timer);
  }
}

function tailOf(child: ChildProcess): () => string {
  let text = "";
  pipesOf(child)[2]?.on("data", (chunk: Buffer) => {
    text = (text + chunk.toString()).slice(-stderrTailChars);
  });
  return () => text;
}

/** The group, and what the worker started; those that left the group are not ours to find. */
function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // Nothing is left of it.
  }
}

function pipesOf({ stdio }: { readonly stdio?: readonly (Readable | Writable | null | undefined)[] }) {
  return stdio ?? [];
}

/** Where there is no /proc nothing can be said. */
function rssBytesOf(pid: number | undefined): number | undefined {
  try {
    const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${String(pid)}/status`, "utf8"))?.[1];
    return kib === undefined ? undefined : Number(kib) * 1024;
  } catch {
    return undefined;
  }
}
