// A host that says what a test says: it shakes hands with a supervisor, over its socket or in memory, sends frames and
// collects answers. For tests of what a supervisor does about hosts, those that misbehave too. Knows the protocol.

import { once } from "node:events";
import { connect } from "node:net";
import { defaultMaxFrameBytes } from "../protocol/limits.js";
import {
  capability,
  protocolVersion,
  type InvokeError,
  type InvokeResult,
  type RequestContext,
} from "../protocol/messages.js";
import { decodeValue, encodeParams } from "../protocol/values.js";
import { fromSocket, type ByteDuplex } from "../transport/duplex.js";
import { ScriptedPeer } from "./peer.js";

export interface ScriptedHostOptions {
  /** Bits of what it offers. Default: to cancel. */
  readonly capabilities?: number;
  /** The largest frame that it takes, in bytes. Default 104 857 600. */
  readonly maxFrameBytes?: number;
}

export interface ScriptedInvoke {
  /** Milliseconds that the call may take. Default 0: as the supervisor has it. */
  readonly deadlineMs?: number;
  readonly context?: RequestContext;
}

const noContext: RequestContext = { traceId: 0, spanId: 0, headers: [], auth: null };

export class ScriptedHost extends ScriptedPeer {
  #lastRequestId = 0;

  /** Sends an Invoke; returns its number, from 1. Throws ValueError for params that cannot be carried. */
  invoke(functionName: string, params: object = {}, options: ScriptedInvoke = {}): number {
    const { deadlineMs = 0, context = noContext } = options;
    const requestId = ++this.#lastRequestId;
    this.send({ type: "Invoke", requestId, functionName, params: encodeParams(params), deadlineMs, context });
    return requestId;
  }

  /** The one answer to a call that is no stream. Rejects with an Error when the link ends before. */
  answer(requestId: number): Promise<InvokeResult | InvokeError> {
    const isIts = (message: { readonly requestId: number | bigint }): boolean =>
      message.requestId === requestId;
    return Promise.race([this.next("InvokeResult", isIts), this.next("InvokeError", isIts)]);
  }

  /** Invokes, and gives the value of the result. Rejects with an Error that has the code and the message of a failure. */
  async call(functionName: string, params: object = {}, options: ScriptedInvoke = {}): Promise<unknown> {
    const answer = await this.answer(this.invoke(functionName, params, options));
    if (answer.type === "InvokeResult") return decodeValue(answer.result);
    const error = new Error(
      `The call of ${functionName} failed with ${String(answer.code)}: ${answer.message}`,
    );
    throw Object.assign(error, { code: answer.code });
  }
}

/**
 * Connects to the socket of a supervisor, or takes one end of a pair, and shakes hands. Rejects with the system's error when
 * nobody listens there, and with an Error when the handshake is not accepted.
 */
export async function scriptedHost(
  to: string | ByteDuplex,
  options: ScriptedHostOptions = {},
): Promise<ScriptedHost> {
  const { capabilities = capability.cancellation, maxFrameBytes = defaultMaxFrameBytes } = options;
  const host = new ScriptedHost(typeof to === "string" ? await connected(to) : to);
  host.send({ type: "Handshake", protocolVersion, role: "Host", capabilities, maxFrameSize: maxFrameBytes });
  await host.next("HandshakeAck");
  return host;
}

async function connected(path: string): Promise<ByteDuplex> {
  const socket = connect({ path, allowHalfOpen: true });
  await once(socket, "connect");
  return fromSocket(socket);
}
