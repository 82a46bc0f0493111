// The supervisor's end of a worker link, in the hands of a test: sends messages, waits for answers.

import type { Duplex } from "node:stream";
import { Decoder, encode, type Message, type MessageType } from "../../src/protocol/index.js";
import { decodeValue, encodeValue } from "../../src/protocol/values.js";

type Of<Type extends MessageType> = Extract<Message, { type: Type }>;
interface Waiting {
  readonly wanted: (message: Message) => boolean;
  readonly resolve: (message: Message) => void;
  readonly reject: (error: Error) => void;
}

export const emptyContext = { traceId: 0, spanId: 0, headers: [], auth: null } as const;

export class Peer {
  /** Everything received so far, in order. */
  readonly received: Message[] = [];
  readonly #stream: Duplex;
  readonly #unread: Message[] = [];
  readonly #waiting = new Set<Waiting>();
  #closed = false;

  constructor(stream: Duplex) {
    this.#stream = stream;
    const decoder = new Decoder();
    stream.on("data", (chunk: Uint8Array) => {
      for (const message of decoder.push(chunk)) this.#take(message);
    });
    stream.on("error", () => undefined);
    stream.on("close", () => {
      this.#closed = true;
      for (const { reject } of this.#waiting) reject(new Error("The worker closed its link."));
    });
  }

  send(...messages: Message[]): void {
    this.#stream.write(Buffer.concat(messages.map(encode)));
  }

  sendBytes(bytes: Uint8Array): void {
    this.#stream.write(bytes);
  }

  /** Ends the link as a supervisor does that is gone. */
  hangUp(): void {
    this.#stream.destroy();
  }

  /** The first message of that type that nobody has waited for yet. */
  async next<Type extends MessageType>(type: Type, requestId?: number | bigint): Promise<Of<Type>> {
    const wanted = (message: Message): boolean =>
      message.type === type &&
      (requestId === undefined || ("requestId" in message && message.requestId === requestId));
    const at = this.#unread.findIndex(wanted);
    if (at >= 0) return this.#unread.splice(at, 1)[0] as Of<Type>;
    if (this.#closed) throw new Error("The worker closed its link.");
    return new Promise((resolve, reject) => {
      this.#waiting.add({ wanted, resolve: resolve as (message: Message) => void, reject });
    });
  }

  invoke(
    requestId: number | bigint,
    functionName: string,
    params?: unknown,
    more: Partial<Of<"Invoke">> = {},
  ): void {
    this.send(invoke(requestId, functionName, params, more));
  }

  /** The value of the result. Use `error` for a call that has to fail. */
  async result(requestId: number | bigint): Promise<unknown> {
    return decodeValue((await this.next("InvokeResult", requestId)).result);
  }

  /** The error with its details decoded. */
  async error(
    requestId: number | bigint,
  ): Promise<{ code: number; kind: string; message: string; details: unknown }> {
    const { code, kind, message, details } = await this.next("InvokeError", requestId);
    return { code, kind, message, details: details === null ? null : decodeValue(details) };
  }

  /** Handshake and exports, as a supervisor does them. */
  async greet(): Promise<Of<"ListExportsResult">["exports"]> {
    await this.next("Handshake");
    this.send(ack(), { type: "ListExports" });
    return (await this.next("ListExportsResult")).exports;
  }

  #take(message: Message): void {
    this.received.push(message);
    for (const each of this.#waiting) {
      if (!each.wanted(message)) continue;
      this.#waiting.delete(each);
      each.resolve(message);
      return;
    }
    this.#unread.push(message);
  }
}

export function ack(more: Partial<Of<"HandshakeAck">> = {}): Of<"HandshakeAck"> {
  return {
    type: "HandshakeAck",
    protocolVersion: 0x10000,
    capabilities: 2,
    serverId: Array.from({ length: 16 }, (_, at) => at),
    exportCount: 0,
    ...more,
  };
}

export function invoke(
  requestId: number | bigint,
  functionName: string,
  params?: unknown,
  more: Partial<Of<"Invoke">> = {},
): Of<"Invoke"> {
  const bytes = encodeValue(params);
  return {
    type: "Invoke",
    requestId,
    functionName,
    params: bytes,
    deadlineMs: 0,
    context: emptyContext,
    ...more,
  };
}
