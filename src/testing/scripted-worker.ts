// A worker that does what a test says: it shakes hands, names its functions, and about each call asks the script. For tests
// of whoever has to do with workers that misbehave. Knows the protocol; it runs no function of its own.

import { Socket } from "node:net";
import { errorTable, isErrorCode } from "../errors.js";
import { defaultMaxFrameBytes } from "../protocol/limits.js";
import {
  capability,
  protocolVersion,
  type ExportMetadata,
  type Invoke,
  type Message,
  type U64,
} from "../protocol/messages.js";
import { decodeValue, encodeValue } from "../protocol/values.js";
import { fromSocket, type ByteDuplex } from "../transport/duplex.js";
import { ScriptedPeer } from "./peer.js";

/** A call that the worker was sent. Nothing is said of it until one of the two is called; then do so once. */
export interface ScriptedCall {
  readonly requestId: U64;
  readonly functionName: string;
  /** As the caller gave them. */
  readonly params: unknown;
  /** Milliseconds that are left. */
  readonly deadlineMs: number;
  /** Answers with a value that can be carried; throws ValueError for any other. */
  result(value: unknown): void;
  /** Answers with an error of the table in docs/reference/errors.md; 2000, the default, is what a function throws. */
  error(message: string, code?: number): void;
}

export interface WorkerScript {
  /** What it does about a call, by the name of the function; these are its exports. One that does nothing never answers. */
  readonly functions: Readonly<Record<string, (call: ScriptedCall, worker: ScriptedPeer) => void>>;
  /** False: it does not answer health checks. Default true. */
  readonly isHealthy?: boolean;
  /** False: it ignores Shutdown, and has to be ended. Default true: it says goodbye and hangs up. */
  readonly obeysShutdown?: boolean;
}

/**
 * Begins to be a worker on `link`: sends its Handshake at once and follows the script from then on. Returns its end of
 * the link, on which anything else can be sent.
 */
export function scriptedWorker(link: ByteDuplex, script: WorkerScript): ScriptedPeer {
  const { functions, isHealthy = true, obeysShutdown = true } = script;
  const peer: ScriptedPeer = new ScriptedPeer(link, (message) => {
    switch (message.type) {
      case "ListExports":
        peer.send({ type: "ListExportsResult", exports: Object.keys(functions).map(exported) });
        break;
      case "HealthCheck":
        if (isHealthy) peer.send({ type: "HealthStatus", uptimeMs: 0, activeRequests: 0, totalRequests: 0 });
        break;
      case "Shutdown":
        if (!obeysShutdown) break;
        peer.send({ type: "ShutdownAck" });
        link.end();
        break;
      case "Invoke":
        functions[message.functionName]?.(callOf(message, peer), peer);
        break;
      default:
    }
  });
  peer.send(handshake());
  return peer;
}

/**
 * The link that a supervisor gave this process, which is named in `pools.<name>.command`. Throws an Error where there is
 * none: then nobody started the process as a worker.
 */
export function inheritedLink(): ByteDuplex {
  const fd = Number(process.env["SPLICE_FD"]);
  if (Number.isSafeInteger(fd) && fd > 2)
    return fromSocket(new Socket({ fd, readable: true, writable: true }));
  throw new Error(
    "SPLICE_FD names no descriptor: this program is started by a supervisor, as a pool's command with an inherited link.",
  );
}

function handshake(): Message {
  const { cancellation } = capability;
  const maxFrameSize = defaultMaxFrameBytes;
  return { type: "Handshake", protocolVersion, role: "Worker", capabilities: cancellation, maxFrameSize };
}

function exported(name: string): ExportMetadata {
  return { name, isAsync: true, isStreaming: false, paramsSchema: "{}", returnSchema: "{}" };
}

function callOf({ requestId, functionName, params, deadlineMs }: Invoke, peer: ScriptedPeer): ScriptedCall {
  return {
    requestId,
    functionName,
    params: decodeValue(params),
    deadlineMs,
    result: (value) => {
      peer.send({ type: "InvokeResult", requestId, result: encodeValue(value, "result"), durationUs: 0 });
    },
    error: (message, code = 2000) => {
      const kind = isErrorCode(code) ? errorTable[code].kind : "User";
      peer.send({ type: "InvokeError", requestId, code, kind, message, details: null });
    },
  };
}
