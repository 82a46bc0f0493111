// The conversation with the supervisor: handshake, exports, health, shutdown; calls go to the runtime. Decides
// when the worker is done or has been refused, but ends nothing itself.

import type { LogSink } from "./call-context.js";
import {
  capability,
  type ExportMetadata,
  type HandshakeAck,
  protocolVersion,
  type WireMessage,
} from "../protocol/messages.js";
import { describeExports } from "./describe-exports.js";
import * as failures from "./failures.js";
import type { Link } from "./link.js";
import { createLogSink, sendLine } from "./log-lines.js";
import type { Registry } from "./registry.js";
import type { RunningMemory } from "./guard-protocol.js";
import { createRuntime, type Runtime } from "./runtime.js";

/** The supervisor refused this worker, or broke the protocol; the message is a sentence for the log. */
export class SessionError extends Error {
  override readonly name = "SessionError";
}

export interface Session {
  /** Sends the Handshake. */
  open(): void;
  /** The functions are loaded; answers a ListExports that came earlier. */
  provide(registry: Registry): void;
  /** Throws SessionError. */
  receive(message: WireMessage): void;
}

export interface SessionOptions {
  readonly link: Link;
  readonly dev: boolean;
  /** How many items a stream may be ahead of its reader. */
  readonly windowChunks: number;
  /** What a guard thread reads; undefined when there is none. */
  readonly runningMemory?: RunningMemory | undefined;
  /** After Shutdown: every call has its answer, ShutdownAck is queued. Called once. */
  readonly finished: () => void;
}

/** What this worker offers: it streams in both directions, and honours Cancel. */
const offered = capability.streaming | capability.cancellation | capability.inputStream;

export function createSession(options: SessionOptions): Session {
  const { link, dev, windowChunks, runningMemory, finished } = options;
  const openedMs = performance.now();
  const logSink: LogSink = createLogSink(link);
  let state: "greeting" | "serving" | "draining" | "finished" = "greeting";
  let registry: Registry | undefined;
  let runtime: Runtime | undefined;
  let exportsAsked = false;
  let described: readonly ExportMetadata[] | undefined;

  function listExports(): void {
    if (registry === undefined) {
      exportsAsked = true;
      return;
    }
    described ??= describeExports(registry, link.maxFrameBytes, logSchemaLeftOut);
    link.send({ type: "ListExportsResult", exports: described });
  }

  /** Debug: no call is any different for it, and every start of every worker would say it again. */
  function logSchemaLeftOut(name: string, side: "params" | "returns", reason: string): void {
    const message = `No JSON Schema is listed for the ${side} of ${name}: ${reason}`;
    sendLine(link, { type: "LogEvent", level: "debug", message, fields: [["function", name]] });
  }

  function shutDown(): void {
    if (state !== "serving") return;
    state = "draining";
    if (runtime === undefined) finish();
    else runtime.drain(finish);
  }

  function finish(): void {
    state = "finished";
    link.send({ type: "ShutdownAck" });
    finished();
  }

  function serve(message: WireMessage): void {
    switch (message.type) {
      case "Invoke":
        if (message.requestId === 0 || runtime?.isInFlight(message.requestId) === true) {
          throw new SessionError(
            `The supervisor sent an Invoke with the request id ${String(message.requestId)}, which is 0 or in use.`,
          );
        }
        if (runtime === undefined) {
          const failure = failures.invalidRequest(
            "This worker has not loaded its functions yet; ask for its exports first.",
          );
          link.send({ type: "InvokeError", requestId: message.requestId, ...failure });
          return;
        }
        runtime.invoke(message);
        return;
      case "Cancel":
        link.send({ type: "CancelAck", requestId: message.requestId });
        runtime?.cancel(message.requestId);
        return;
      case "StreamAck": {
        const { requestId, ackSequence, window } = message;
        judge(runtime?.acknowledge(requestId, ackSequence, window) ?? null);
        return;
      }
      case "StreamStart":
      case "StreamChunk":
      case "StreamEnd":
      case "StreamError":
        judge(runtime?.receiveInput(message) ?? null);
        return;
      case "ListExports":
        listExports();
        return;
      case "HealthCheck":
        link.send({
          type: "HealthStatus",
          uptimeMs: Math.round(performance.now() - openedMs),
          activeRequests: runtime?.active ?? 0,
          totalRequests: runtime?.total ?? 0,
        });
        // The next message of the batch may be a call that never lets the loop go on.
        link.flush();
        return;
      case "Shutdown":
        shutDown();
        return;
      default:
        throw new SessionError(
          `The supervisor sent ${message.type}, which no worker expects. ${sameVersion}`,
        );
    }
  }

  return {
    open() {
      link.send({
        type: "Handshake",
        protocolVersion,
        role: "Worker",
        capabilities: offered,
        maxFrameSize: link.maxFrameBytes,
      });
    },
    provide(loaded) {
      registry = loaded;
      runtime = createRuntime({ link, registry, logSink, dev, windowChunks, runningMemory });
      if (exportsAsked) listExports();
    },
    receive(message) {
      if (message.type === "InvokeError" && message.requestId === 0) {
        throw new SessionError(`The supervisor refused this worker: ${message.message}`);
      }
      if (state === "finished") return;
      if (state !== "greeting") {
        serve(message);
        return;
      }
      checkAck(message);
      state = "serving";
      link.acceptLargeFrames();
    },
  };
}

function judge(breach: string | null): void {
  if (breach !== null) throw new SessionError(`The supervisor broke the protocol: ${breach}.`);
}

const sameVersion = "Install the same version of splice-runtime for both.";

function checkAck(message: WireMessage): asserts message is HandshakeAck {
  if (message.type !== "HandshakeAck") {
    throw new SessionError(`The supervisor answered the handshake with ${message.type}. ${sameVersion}`);
  }
  if (message.protocolVersion !== protocolVersion) {
    throw new SessionError(
      `The supervisor speaks protocol ${versionText(message.protocolVersion)}, this worker speaks ` +
        `${versionText(protocolVersion)}. ${sameVersion}`,
    );
  }
  if ((message.capabilities & ~offered) !== 0) {
    throw new SessionError(
      `The supervisor agreed to the capabilities ${String(message.capabilities)}, but this worker offered ` +
        `${String(offered)} only. ${sameVersion}`,
    );
  }
}

function versionText(version: number): string {
  return `${String(version >>> 16)}.${String(version & 0xffff)}`;
}
