// The worker process: opens the link, greets, imports the functions meanwhile, serves until it is told to stop.
// The only file of the worker that ends the process. What is said on the link is session.ts's business.

import { connect, Socket } from "node:net";
import { setSupervisorSocket } from "../contract/current-call.js";
import { messageOf } from "../errors.js";
import { isProtocolError } from "../protocol/protocol-error.js";
import { startGuard } from "./guard.js";
import { importRest } from "./rest.js";
import { bootSpare, isSpare } from "./spare.js";
import { takeSettings, type WorkerSettings } from "./settings.js";

/** How long the last words may take when nobody reads stdout or stderr. */
const lastWordsMs = 1000;

type Output = NodeJS.WriteStream & { _handle?: { setBlocking?(isBlocking: boolean): void } };
const outputs: readonly Output[] = [process.stdout, process.stderr];

async function run(): Promise<void> {
  for (const output of outputs) setBlocking(output, true);
  const wasSpare = isSpare(process.argv);
  const spare = wasSpare ? await bootSpare(process.env, warnUnguarded) : null;
  if (wasSpare && spare === null) {
    endWith(0);
    return;
  }
  let settings: WorkerSettings;
  try {
    settings = takeSettings(process.argv.slice(2), process.env);
  } catch (error) {
    endWith(1, messageOf(error));
    return;
  }
  // Not in the environment, which the children of functions inherit.
  setSupervisorSocket(settings.hostSocket);
  const { functionsFile, guardFd, dev, maxFrameBytes, windowChunks } = settings;

  // First of all, so that the thread starts while this one loads the rest.
  const guard =
    spare?.guard ?? (guardFd === undefined ? undefined : startGuard(guardFd, functionsFile, warnUnguarded));
  spare?.guard?.place(functionsFile);
  const { createLink, createSession, SessionError, describeLoadFailure, loadFunctions } = await importRest();

  const link = createLink(openSocket(settings.link), maxFrameBytes, {
    message: (message) => {
      session.receive(message);
    },
    fault: (error) => {
      if (error instanceof SessionError) endWith(1, error.message);
      else if (isProtocolError(error)) endWith(1, `The supervisor broke the protocol: ${error.message}`);
      else throw error;
    },
    gone: endWithSupervisor,
  });
  const session = createSession({
    link,
    dev,
    windowChunks,
    runningMemory: guard?.memory,
    finished: () => {
      // process.exit drops what is queued, so the last byte has to leave first.
      link.end(() => {
        endWith(0);
      });
    },
  });

  session.open();
  // Importing may keep the loop busy for long; the supervisor sees the Handshake before that.
  link.flush();
  const load = (): void => {
    // Not before: Node would read the maps of all that is loaded up to here, which take longer than the code.
    process.setSourceMapsEnabled(true);
    loadFunctions(functionsFile).then(
      (registry) => {
        guard?.name([...registry.keys()]);
        session.provide(registry);
      },
      async (error: unknown) => {
        endWith(1, await describeLoadFailure(error, functionsFile));
      },
    );
  };
  if (guard === undefined) load();
  else {
    // Up to here the loop is free to see the end of the link; code of users may keep it from that.
    guard.watching.then(load, (error: unknown) => {
      endWith(1, `The worker's guard thread did not start: ${messageOf(error)}.`);
    });
  }
}

/**
 * Node keeps to itself what a full pipe does not take, and loses it when the process dies: of a crash beside a busy
 * supervisor that is the very line which says why. So the process waits as it prints, but for its orderly end.
 */
function setBlocking(output: Output, isBlocking: boolean): void {
  output._handle?.setBlocking?.(isBlocking);
}

function warnUnguarded(reason: string): void {
  process.stderr.write(
    `The worker's guard thread is gone (${reason}). Should the supervisor be killed while a function keeps this ` +
      "process busy, the process goes on until the function ends.\n",
  );
}

function openSocket(link: WorkerSettings["link"]): Socket {
  return "fd" in link ? new Socket({ fd: link.fd, readable: true, writable: true }) : connect(link.path);
}

/** Says the last words on stderr, waits until both outputs are read, and exits. */
function endWith(code: number, lastWords = ""): void {
  const exit = (): never => process.exit(code);
  setTimeout(exit, lastWordsMs);
  // Else a full pipe that nobody reads would hold up that timer, too.
  for (const output of outputs) setBlocking(output, false);
  if (lastWords !== "") process.stderr.write(`${lastWords}\n`);
  process.stderr.write("", () => {
    process.stdout.write("", exit);
  });
}

/** Without a supervisor nobody would ever end this process or what it started. */
function endWithSupervisor(): void {
  try {
    process.kill(-process.pid, "SIGKILL");
  } catch {
    process.exit(1);
  }
}

void run();
