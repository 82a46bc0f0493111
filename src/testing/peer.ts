// One end of a link in the hands of a test: sends what it is told, keeps what comes, and lets itself be waited on. Knows
// frames, and neither handshake nor role.

import { encode } from "../protocol/codec.js";
import { Decoder } from "../protocol/decoder.js";
import type { Message, MessageType } from "../protocol/messages.js";
import { isProtocolError } from "../protocol/protocol-error.js";
import type { ByteDuplex } from "../transport/duplex.js";

export type MessageOf<Type extends MessageType> = Extract<Message, { type: Type }>;

interface Waiting {
  readonly wanted: (message: Message) => boolean;
  readonly resolve: (message: Message) => void;
  readonly giveUp: () => void;
}

export class ScriptedPeer {
  /** Everything that has come, oldest first. */
  readonly received: Message[] = [];
  /** Resolves when the link is gone in either direction. */
  readonly closed: Promise<void>;
  readonly #link: ByteDuplex;
  readonly #waiting = new Set<Waiting>();
  #end = "";
  #onClosed: () => void = () => undefined;

  constructor(link: ByteDuplex, onMessage: (message: Message) => void = () => undefined) {
    this.#link = link;
    this.closed = new Promise((resolve) => {
      this.#onClosed = resolve;
    });
    const decoder = new Decoder();
    const take = (messages: readonly Message[]): void => {
      for (const message of messages) this.#take(message, onMessage);
    };
    link.attach({
      data: (chunk) => {
        if (this.#end !== "") return;
        let messages: readonly Message[];
        let end = "";
        try {
          messages = decoder.push(chunk);
        } catch (error) {
          if (!isProtocolError(error)) throw error;
          messages = error.messages;
          end = `what came is no frame (${error.message})`;
        }
        // Outside: what a script throws is the script's.
        take(messages);
        if (end !== "") this.#close(end);
      },
      drain: () => undefined,
      end: () => {
        this.#close("the other side has ended the link");
        link.end();
      },
      close: (error) => {
        this.#close(error === undefined ? "the link is closed" : `the link is closed (${error.message})`);
      },
    });
    link.resume();
  }

  /** Sends messages as they are, whether the protocol allows them here or not. */
  send(...messages: readonly Message[]): void {
    for (const message of messages) this.sendBytes(encode(message));
  }

  /** Sends bytes that need not be a frame. */
  sendBytes(bytes: Uint8Array): void {
    this.#link.write(bytes, () => undefined);
  }

  /**
   * The first message of this type that has come or will come, of those that `matches` accepts when it is given. Rejects
   * with an Error that says what has come instead, when the link ends first.
   */
  next<Type extends MessageType>(
    type: Type,
    matches: (message: MessageOf<Type>) => boolean = () => true,
  ): Promise<MessageOf<Type>> {
    const wanted = (message: Message): message is MessageOf<Type> =>
      message.type === type && matches(message as MessageOf<Type>);
    const found = this.received.find(wanted);
    if (found !== undefined) return Promise.resolve(found);
    return new Promise((resolve, reject) => {
      const giveUp = (): void => reject(this.#inVain(type));
      if (this.#end !== "") giveUp();
      else this.#waiting.add({ wanted, resolve: resolve as (message: Message) => void, giveUp });
    });
  }

  /** Ends the link at once, as a peer does that is gone. */
  hangUp(): void {
    this.#link.destroy();
  }

  #take(message: Message, onMessage: (message: Message) => void): void {
    this.received.push(message);
    onMessage(message);
    for (const waiting of [...this.#waiting]) {
      if (!waiting.wanted(message)) continue;
      this.#waiting.delete(waiting);
      waiting.resolve(message);
    }
  }

  #inVain(type: MessageType): Error {
    const came = this.received.map((message) => message.type).join(", ") || "nothing";
    return new Error(`No ${type} came before the end, as ${this.#end}. What came: ${came}.`);
  }

  #close(end: string): void {
    if (this.#end !== "") return;
    this.#end = end;
    for (const { giveUp } of this.#waiting) giveUp();
    this.#waiting.clear();
    this.#onClosed();
  }
}
