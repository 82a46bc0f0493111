// What the supervisor tells a worker through arguments and environment, read once. Afterwards the environment
// holds nothing of the runtime's: user code and its children cannot reach the link.

import { parseArgs } from "node:util";
import { defaultMaxFrameBytes, smallestMaxFrameBytes } from "../protocol/limits.js";

export interface WorkerSettings {
  readonly link: { readonly fd: number } | { readonly path: string };
  /** The descriptor of the guard link; undefined when the supervisor gave none. */
  readonly guardFd: number | undefined;
  /** The host socket of the supervisor; null when it has none. */
  readonly hostSocket: string | null;
  /** Path of the bundle of functions. */
  readonly functionsFile: string;
  /** Development: stacks cross to the caller. */
  readonly dev: boolean;
  /** The largest payload sent and accepted on the link, in bytes. */
  readonly maxFrameBytes: number;
  /** How many items a stream may be ahead of its reader. */
  readonly windowChunks: number;
}

/** Removes SPLICE_* and ZAP_* from `env`. Throws an Error with a sentence when something is missing or wrong. */
export function takeSettings(args: readonly string[], env: NodeJS.ProcessEnv): WorkerSettings {
  const fd = env["SPLICE_FD"];
  const path = env["ZAP_SOCKET"];
  const guardFd = env["SPLICE_GUARD_FD"];
  const hostSocket = env["SPLICE_SOCKET"];
  for (const name of Object.keys(env)) {
    if (name.startsWith("SPLICE_") || name.startsWith("ZAP_")) Reflect.deleteProperty(env, name);
  }
  const { values } = parseArgs({
    args: [...args],
    options: {
      functions: { type: "string" },
      dev: { type: "boolean", default: false },
      "window-chunks": { type: "string", default: "64" },
      "max-frame-bytes": { type: "string", default: String(defaultMaxFrameBytes) },
    },
  });
  if (values.functions === undefined) {
    throw new Error("The worker was started without --functions <file>, the bundle of functions to run.");
  }
  return {
    link: linkOf(fd, path),
    guardFd: guardFd === undefined || guardFd === "" ? undefined : wholeNumber("SPLICE_GUARD_FD", guardFd, 3),
    hostSocket: hostSocket === undefined || hostSocket === "" ? null : hostSocket,
    functionsFile: values.functions,
    dev: values.dev,
    maxFrameBytes: wholeNumber("--max-frame-bytes", values["max-frame-bytes"], smallestMaxFrameBytes),
    windowChunks: wholeNumber("--window-chunks", values["window-chunks"], 1),
  };
}

function linkOf(fd: string | undefined, path: string | undefined): WorkerSettings["link"] {
  if (fd !== undefined && fd !== "") return { fd: wholeNumber("SPLICE_FD", fd, 3) };
  if (path !== undefined && path !== "") return { path };
  throw new Error(
    "The worker found neither SPLICE_FD nor ZAP_SOCKET in its environment. It is started by a supervisor; " +
      "to run functions by hand, use `splice call`.",
  );
}

function wholeNumber(name: string, text: string, least: number): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number >= least) return number;
  throw new Error(`${name} is ${JSON.stringify(text)}, but must be a whole number from ${String(least)}.`);
}
