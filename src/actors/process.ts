// One process: spawns it in a group of its own, drains what it prints, reports its end, and leaves nothing of the
// group behind. Knows nothing of what travels on its link.

import type { ChildProcess } from "node:child_process";
import { Socket } from "node:net";
import { fromCallback, type AnyEventObject, type CallbackActorLogic } from "xstate";
import { messageOf } from "../errors.js";
import type { ProcessFact, WorkerEvent } from "../machines/worker/events.js";
import type { InstanceInput } from "../machines/worker/context.js";
import type { Log } from "../log.js";
import type { Clock } from "../time.js";
import type { ByteDuplex } from "../transport/duplex.js";
import type { Schedule } from "../transport/outbox.js";
import { listenForOne, type PrivateListener } from "./private-listener.js";
import { guardFd, nodePlatform, pipesOf, type Piped, type ProcessPlatform } from "./process-platform.js";
import type { ProcessRegistry } from "./process-registry.js";
import { workerCommand, type Launches, type PoolLaunch } from "./worker-command.js";
import { drainLines, Tail } from "./worker-output.js";

export interface ProcessPorts {
  readonly clock: Clock;
  readonly log: Log;
  /** Told of each process that exists, for the journal. */
  readonly onSpawned: (who: InstanceInput, pid: number) => void;
  readonly registry: ProcessRegistry;
  readonly launches: Launches;
  readonly parentEnv: Readonly<Record<string, string | undefined>>;
  /** The id of this supervisor's life, as its hosts see it. */
  readonly supervisorId: string;
  /** The processes and their pipes do not keep this one alive. */
  readonly isBackground?: boolean;
  /** Where workers find the host socket; null when there is none. */
  readonly hostSocket: string | null;
  /** Default: Node's own. */
  readonly platform?: ProcessPlatform | undefined;
}

export function createProcessActor(ports: ProcessPorts): CallbackActorLogic<AnyEventObject, InstanceInput> {
  return fromCallback<AnyEventObject, InstanceInput>(({ input, sendBack }) => {
    const tell: (event: WorkerEvent) => void = sendBack;
    const report: (fact: ProcessFact) => void = tell;
    const launch = ports.launches.get(input.pool, input.generation);
    if (ports.registry.isClosed) {
      report({ type: "process.failed", reason: "the supervisor has failed" });
      return undefined;
    }
    if (launch === undefined) {
      report({ type: "process.failed", reason: `the pool ${input.pool} has no program` });
      return undefined;
    }
    try {
      return start(ports, launch, input, tell);
    } catch (error) {
      report({ type: "process.failed", reason: messageOf(error) });
      return undefined;
    }
  });
}

function start(
  ports: ProcessPorts,
  launch: PoolLaunch,
  who: InstanceInput,
  tell: (event: WorkerEvent) => void,
): () => void {
  launch.prepare?.();
  const listener = launch.pool.link === "socket" ? listenForOne() : null;
  try {
    return startLinked(ports, launch, who, tell, listener);
  } catch (error) {
    listener?.close();
    throw error;
  }
}

function startLinked(
  ports: ProcessPorts,
  launch: PoolLaunch,
  who: InstanceInput,
  tell: (event: WorkerEvent) => void,
  listener: PrivateListener | null,
): () => void {
  const { registry, clock, platform = nodePlatform } = ports;
  const report: (fact: ProcessFact) => void = tell;
  const linkEnv: Record<string, string> =
    listener === null ? { SPLICE_FD: "3" } : { ZAP_SOCKET: listener.path };
  // Our own runtime alone knows what a guard is.
  const hasGuard = launch.pool.source.kind === "functions";
  if (hasGuard) linkEnv["SPLICE_GUARD_FD"] = String(guardFd);
  if (ports.hostSocket !== null) linkEnv["SPLICE_SOCKET"] = ports.hostSocket;
  const command = workerCommand(launch, who, linkEnv, ports.parentEnv, ports.supervisorId);
  const child = platform.spawn(command, { link: listener === null, guard: hasGuard });
  const stderrTail = new Tail();
  let isOver = false;
  // Before anything else: an `error` that nobody listens for would end the whole program.
  child.on("error", (error) => {
    if (child.pid !== undefined || isOver) return;
    isOver = true;
    // Nobody reads or writes the pipes of a process that never was, so nothing else would close them.
    for (const pipe of pipesOf(child)) pipe?.destroy();
    end(registry, who, listener);
    report({ type: "process.failed", reason: spawnFailure(error, command.program, command.cwd) });
  });
  // `exit`, never `close`: a grandchild that holds stdout open would keep `close` away for as long as it lives.
  child.once("exit", (exitCode, signal) => {
    isOver = true;
    end(registry, who, listener);
    closePipesSoon(child, clock, platform.afterTurn);
    // What the dying process wrote last is still in its pipe.
    afterOutput(child, platform.afterTurn, lastTurns, () => {
      report({ type: "process.exited", exitCode, signal, stderrTail: stderrTail.text });
    });
  });
  child.once("spawn", () => {
    ports.onSpawned(who, child.pid ?? 0);
    report({ type: "process.spawned", pid: child.pid ?? 0 });
  });
  if (ports.isBackground === true) letGo(child);
  const link = listener === null ? inheritedLink(child, platform) : listener.connected;
  // Whoever waits for the link sees its failure; nobody waiting must not become an unhandled rejection.
  link.catch(() => undefined);
  registry.add({
    ...who,
    startedAtMs: clock.now(),
    child,
    tell,
    link,
    guard: platform.guardOf(child, clock),
    isInService: false,
    outbox: null,
    capabilities: 0,
    onHealthStatus: null,
  });
  drainOutput(ports, child, who, stderrTail);
  return () => {
    if (!isOver) registry.signal(who.instance, "SIGKILL");
  };
}

/** A turn may have begun to read before the last was written; the next brings that. */
const lastTurns = 4;

/** Once its stderr is read to the end, and after so many turns at the latest: somebody else may hold that open. */
function afterOutput(child: Piped, afterTurn: Schedule, turns: number, done: () => void): void {
  afterTurn(() => {
    const { stderr } = child;
    if (turns <= 1 || stderr == null || stderr.readableEnded || stderr.destroyed) done();
    else afterOutput(child, afterTurn, turns - 1, done);
  });
}

/** What a dead process has left in its pipes is read by then. */
const lastWordsMs = 100;

/** Whatever the dead process started may hold the other ends for ever; ours must not stay open as long. */
function closePipesSoon(child: ChildProcess, clock: Clock, afterTurn: Schedule): void {
  const timer = clock.setTimeout(() => {
    // In a turn of the loop timers come before reads, so what a busy program has not read yet is read first.
    afterTurn(() => {
      for (const pipe of pipesOf(child)) pipe?.destroy();
    });
  }, lastWordsMs);
  child.once("close", () => {
    clock.clearTimeout(timer);
  });
}

/** What happens to the process is still heard of, as long as something else keeps this one running. */
function letGo(child: ChildProcess): void {
  child.unref();
  for (const pipe of pipesOf(child)) if (pipe instanceof Socket) pipe.unref();
}

function end(registry: ProcessRegistry, who: InstanceInput, listener: PrivateListener | null): void {
  registry.remove(who.instance);
  listener?.close();
}

function inheritedLink(child: ChildProcess, platform: ProcessPlatform): Promise<ByteDuplex> {
  const duplex = platform.linkOf(child);
  if (duplex === null) return Promise.reject(new Error("The process was not given a link."));
  return new Promise((resolve) => {
    child.once("spawn", () => {
      resolve(duplex);
    });
  });
}

function drainOutput(ports: ProcessPorts, child: ChildProcess, who: InstanceInput, tail: Tail): void {
  const { stdout, stderr }: Piped = child;
  const fields = { worker: who.workerId, pid: child.pid };
  const dropped = (stream: string) => (bytes: number) => {
    ports.log.warn(`${String(bytes)} bytes of ${stream} were dropped`, { ...fields, stream });
  };
  if (stdout) {
    drainLines(stdout, ports.clock, {
      line: (text) => {
        ports.log.info(text, { ...fields, stream: "stdout" });
      },
      dropped: dropped("stdout"),
    });
  }
  if (stderr) {
    drainLines(stderr, ports.clock, {
      line: (text) => {
        tail.add(text);
        // A start that fails tells these lines once, with its failure.
        const isInService = ports.registry.get(who.instance)?.isInService === true;
        ports.log[isInService ? "warn" : "debug"](text, { ...fields, stream: "stderr" });
      },
      dropped: dropped("stderr"),
    });
  }
}

function spawnFailure(error: NodeJS.ErrnoException, program: string, cwd: string): string {
  switch (error.code) {
    case "ENOENT":
      return `${JSON.stringify(program)} was not found (looked from ${cwd}); check the pool's command and cwd`;
    case "EACCES":
      return `${JSON.stringify(program)} may not be executed; is it a program, and does it have its x bit?`;
    case "EMFILE":
      return "too many open files; close some in this program, or raise its limit (ulimit -n)";
    case "ENFILE":
      return "too many open files in the whole system";
    case "EAGAIN":
      return "too many processes; end some, or raise the limit of this user (ulimit -u)";
    default:
      return `${JSON.stringify(program)}: ${error.message}`;
  }
}
