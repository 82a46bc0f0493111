// Hosts for tests: connections to a system's host socket on which a test decides about every byte. What they invoke
// and get goes into the history of their system.

import { once } from "node:events";
import { rm } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { afterAll } from "@jest/globals";
import { errorTable, isErrorCode } from "../../../src/errors.js";
import { Decoder, encode, type Invoke, type Message } from "../../../src/protocol/index.js";
import { decodeValue, encodeParams } from "../../../src/protocol/values.js";
import type { HostEvent } from "../../../src/testing/history/events.js";
import { startSystem, type SystemOptions, type TestSystem } from "../harness.js";
import type { SpliceConfig } from "../../../src/config/types.js";
import { join } from "node:path";

export const hostFixtures = join(import.meta.dirname, "../../fixtures/hosts");

/** Longer than any answer takes, shorter than a test may: what is waited for in vain is named. */
const patienceMs = 10_000;

export type Terminal = Extract<
  Message,
  { type: "InvokeResult" | "InvokeError" | "StreamEnd" | "StreamError" }
>;

export interface InvokeOptions {
  readonly deadlineMs?: number;
  readonly context?: Invoke["context"];
  /** Params as they are, instead of an encoded object. */
  readonly params?: Uint8Array;
}

export const noContext: Invoke["context"] = { traceId: 0, spanId: 0, headers: [], auth: null };

/** One folder for the sockets of a test file; a path in it is short whatever the temporary directory is. */
const socketFolder = `/tmp/sh-${String(process.pid)}`;
let lastSocket = 0;

afterAll(async () => {
  await rm(socketFolder, { recursive: true, force: true });
});

/** A system with a host socket and the functions of the host fixtures, each call with a key for the execution log. */
export async function startHosted(
  config: SpliceConfig = {},
  options: SystemOptions = {},
): Promise<TestSystem> {
  const socket = `${socketFolder}/s${String(++lastSocket)}`;
  const functions = config.pools === undefined ? { functions: join(hostFixtures, "functions") } : {};
  return startSystem({ ...functions, socket, ...config }, { keyed: false, ...options });
}

const lastCallerIds = new WeakMap<TestSystem, number>();
let lastKey = 0;

/** Connects without a word. Connections of one system have to be made one after the other, and all of them here. */
export async function connectPeer(system: TestSystem): Promise<HostPeer> {
  const { socket: path } = await system.splice.status();
  if (path === null) throw new Error("The system has no host socket.");
  const callerId = (lastCallerIds.get(system) ?? 0) + 1;
  lastCallerIds.set(system, callerId);
  const socket = connect({ path, allowHalfOpen: true });
  await once(socket, "connect");
  return new HostPeer(socket, callerId, system.records.host);
}

/** Connects and shakes hands. */
export async function connectHost(
  system: TestSystem,
  offer: { readonly capabilities?: number; readonly maxFrameSize?: number } = {},
): Promise<HostPeer> {
  const peer = await connectPeer(system);
  peer.send(handshake(offer));
  await peer.next("HandshakeAck");
  return peer;
}

export function handshake(
  offer: {
    readonly capabilities?: number;
    readonly maxFrameSize?: number;
    readonly protocolVersion?: number;
  } = {},
): Message {
  const defaults = {
    protocolVersion: 0x1_0000,
    role: "Host",
    capabilities: 2,
    maxFrameSize: 104_857_600,
  } as const;
  return { type: "Handshake", ...defaults, ...offer };
}

export class HostPeer {
  readonly received: Message[] = [];
  readonly closed: Promise<void>;
  isClosed = false;
  readonly #decoder = new Decoder();
  readonly #waiters = new Set<() => void>();

  constructor(
    readonly socket: Socket,
    readonly callerId: number,
    readonly history: HostEvent[],
  ) {
    socket.on("error", () => undefined);
    socket.on("data", (chunk: Uint8Array) => {
      for (const message of this.#decoder.push(chunk)) this.#receive(message);
      this.#wake();
    });
    socket.on("end", () => {
      socket.end();
    });
    this.closed = new Promise((resolve) => {
      socket.on("close", () => {
        this.isClosed = true;
        history.push({ kind: "gone", callerId, atMs: performance.now() });
        resolve();
        this.#wake();
      });
    });
  }

  write(bytes: Uint8Array): void {
    this.socket.write(bytes);
  }

  send(...messages: readonly Message[]): void {
    this.write(Buffer.concat(messages.map((message) => encode(message))));
  }

  /** Sends an Invoke and notes it in the history; `key` is what the function writes to the execution log. */
  invoke(
    requestId: number | bigint,
    functionName: string,
    params: Readonly<Record<string, unknown>> = {},
    options: InvokeOptions = {},
  ): void {
    this.write(encode(this.invocation(requestId, functionName, params, options)));
  }

  /** As `invoke`, for a test that sends the frame itself. */
  invocation(
    requestId: number | bigint,
    functionName: string,
    params: Readonly<Record<string, unknown>> = {},
    options: InvokeOptions = {},
  ): Invoke {
    const isKeyed =
      options.params === undefined && /^(work|feed)\./.test(functionName) && !unkeyed.has(functionName);
    const key = isKeyed ? `h${String(++lastKey)}` : undefined;
    const at = { callerId: this.callerId, requestId, atMs: performance.now(), functionName };
    this.history.push({ kind: "invoke", ...at, streams: true, ...(key === undefined ? {} : { key }) });
    const { deadlineMs = 0, context = noContext } = options;
    const bytes = options.params ?? encodeParams(key === undefined ? params : { ...params, key });
    return { type: "Invoke", requestId, functionName, params: bytes, deadlineMs, context };
  }

  cancel(requestId: number | bigint): void {
    this.history.push({ kind: "cancel", callerId: this.callerId, requestId, atMs: performance.now() });
    this.send({ type: "Cancel", requestId });
  }

  /** Acknowledges a stream, rightly or not. */
  acknowledge(requestId: number | bigint, ackSequence: number, window: number): void {
    const at = { callerId: this.callerId, requestId, atMs: performance.now() };
    this.history.push({ kind: "ack", ...at, sequence: ackSequence, window });
    this.send({ type: "StreamAck", requestId, ackSequence, window });
  }

  /** The numbers of the items of a stream that have come. */
  items(requestId: number | bigint): readonly number[] {
    return this.received.flatMap((message) =>
      message.type === "StreamChunk" && message.requestId === requestId ? [Number(message.sequence)] : [],
    );
  }

  /** The first message of this type, received already or to come; of those that `matches` accepts when it is given. */
  next<Type extends Message["type"]>(
    type: Type,
    matches: (message: Extract<Message, { type: Type }>) => boolean = () => true,
  ): Promise<Extract<Message, { type: Type }>> {
    const isIt = (message: Message): message is Extract<Message, { type: Type }> =>
      message.type === type && matches(message as Extract<Message, { type: Type }>);
    return this.#until(type, () => this.received.find(isIt));
  }

  /** The one answer to a call. */
  terminal(requestId: number | bigint): Promise<Terminal> {
    return this.#until(`answer to ${String(requestId)}`, () => this.terminals(requestId)[0]);
  }

  /** The value of a call that is expected to succeed. */
  async value(requestId: number | bigint): Promise<unknown> {
    const answer = await this.terminal(requestId);
    if (answer.type === "InvokeResult") return decodeValue(answer.result);
    if (answer.type === "StreamEnd") throw new Error(`Request ${String(requestId)} is a stream.`);
    throw new Error(`Request ${String(requestId)} failed with ${String(answer.code)}: ${answer.message}`);
  }

  /** The failure of a call that is expected to fail, with its details decoded. */
  async failure(
    requestId: number | bigint,
  ): Promise<{ code: number; kind: string; message: string; details: unknown }> {
    const answer = await this.terminal(requestId);
    if (answer.type === "InvokeResult" || answer.type === "StreamEnd")
      throw new Error(`Request ${String(requestId)} succeeded.`);
    const { code, message } = answer;
    if (answer.type === "StreamError") return { code, kind: kindOf(code), message, details: null };
    const { kind, details } = answer;
    return { code, kind, message, details: details === null ? null : decodeValue(details) };
  }

  terminals(requestId: number | bigint): readonly Terminal[] {
    return this.received.filter(
      (message): message is Terminal => isTerminal(message) && message.requestId === requestId,
    );
  }

  /** What a supervisor says before it closes for a breach: InvokeError of request 0, then the end. */
  async fatal(): Promise<{ readonly code: number; readonly message: string }> {
    const last = await this.next("InvokeError", ({ requestId }) => requestId === 0);
    await this.closed;
    return { code: last.code, message: last.message };
  }

  /** Vanishes without a goodbye. */
  destroy(): void {
    this.socket.destroy();
  }

  #receive(message: Message): void {
    this.received.push(message);
    const at = { callerId: this.callerId, atMs: performance.now() };
    if (message.type === "StreamStart") {
      const { requestId, window } = message;
      this.history.push({ kind: "stream", ...at, requestId, window });
    } else if (message.type === "StreamChunk") {
      const { requestId, sequence, data } = message;
      this.history.push({ kind: "chunk", ...at, requestId, sequence: Number(sequence), bytes: data.length });
    }
    if (!isTerminal(message) || message.requestId === 0) return;
    const { requestId } = message;
    const code = "code" in message ? message.code : 0;
    const total = message.type === "StreamEnd" ? { total: Number(message.totalChunks) } : {};
    const key = message.type === "InvokeResult" ? keyOf(message.result) : undefined;
    const outcome = { kind: "outcome", ...at, requestId, code, ...total } as const;
    this.history.push(key === undefined ? outcome : { ...outcome, key });
  }

  #wake(): void {
    for (const waiter of this.#waiters) waiter();
  }

  async #until<Found>(what: string, find: () => Found | undefined): Promise<Found> {
    const found = find();
    if (found !== undefined) return found;
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        clearTimeout(timer);
        this.#waiters.delete(look);
      };
      const fail = (why: string): void => {
        stop();
        reject(new Error(`Waited for ${what}, but ${why}. Received: ${this.received.map(shown).join(", ")}`));
      };
      const look = (): void => {
        const late = find();
        if (late !== undefined) {
          stop();
          resolve(late);
        } else if (this.isClosed) fail("the connection was closed");
      };
      const timer = setTimeout(() => {
        fail("it did not come");
      }, patienceMs);
      this.#waiters.add(look);
      look();
    });
  }
}

/** Functions of the fixtures that write no execution log. */
const unkeyed: ReadonlySet<string> = new Set(["work.release", "work.waiting", "feed.state"]);

function kindOf(code: number): string {
  return isErrorCode(code) ? errorTable[code].kind : "System";
}

/** The end of any call; a stream has two more ways to end. */
export function isTerminal(message: Message): message is Terminal {
  return (
    message.type === "InvokeResult" ||
    message.type === "InvokeError" ||
    message.type === "StreamEnd" ||
    message.type === "StreamError"
  );
}

function keyOf(result: Uint8Array): string | undefined {
  if (result.length > 1000) return undefined;
  const value = decodeValue(result);
  if (typeof value !== "object" || value === null || !("key" in value)) return undefined;
  return typeof value.key === "string" ? value.key : undefined;
}

function shown(message: Message): string {
  return message.type === "InvokeError"
    ? `InvokeError ${String(message.code)} ${message.message}`
    : message.type;
}
