// What a service manager such as systemd gives a supervisor, and is told by it: a socket that is open already, and the
// moments at which it is ready and stops. Takes both out of the environment, so that no worker gets them.

import { spawn } from "node:child_process";
import { messageOf } from "../errors.js";
import { passedSocket, type PassedSocket } from "../transport/passed-listener.js";

export interface ServiceManager {
  /** Listens already; null when this process was given none. */
  readonly socket: PassedSocket | null;
  /** Resolves when it has been told, or could not be. */
  readonly notify: (state: State) => Promise<void>;
}

type State = "READY=1" | "STOPPING=1";

export interface ServiceManagerPorts {
  /** LISTEN_* and NOTIFY_SOCKET are taken out of it. */
  readonly env: Record<string, string | undefined>;
  readonly pid: number;
  readonly onWarning: (sentence: string) => void;
}

const notifier = "systemd-notify";
/** A manager that does not listen must hold nothing up. */
const notifyTimeoutMs = 5000;

/** @throws ListenError when more than one socket is handed over. */
export function takeServiceManager({ env, pid, onWarning }: ServiceManagerPorts): ServiceManager {
  const { LISTEN_FDS: fds, LISTEN_PID: forPid, NOTIFY_SOCKET: notifySocket } = env;
  for (const name of ["LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "NOTIFY_SOCKET"])
    Reflect.deleteProperty(env, name);
  // One after the other: what is told last has to be heard last.
  let told = Promise.resolve();
  const tell = async (state: State): Promise<void> => {
    if (notifySocket === undefined || notifySocket === "") return;
    const failure = await runNotifier(state, { ...env, NOTIFY_SOCKET: notifySocket });
    if (failure !== null)
      onWarning(`the service manager could not be told ${state}: ${failure}; is ${notifier} installed?`);
  };
  return {
    socket: passedSocket({ fds, forPid }, pid),
    notify: (state) => (told = told.then(() => tell(state))),
  };
}

/** Node cannot send datagrams to a Unix socket, which the protocol wants. Resolves with what went wrong. */
function runNotifier(state: State, env: Record<string, string | undefined>): Promise<string | null> {
  return new Promise((resolve) => {
    const child = spawn(notifier, [state === "READY=1" ? "--ready" : state], {
      env,
      stdio: "ignore",
      timeout: notifyTimeoutMs,
      killSignal: "SIGKILL",
    });
    child.once("error", (error) => {
      resolve(messageOf(error));
    });
    child.once("exit", (code, signal) => {
      resolve(code === 0 ? null : `${notifier} ended with ${String(code ?? signal)}`);
    });
  });
}
