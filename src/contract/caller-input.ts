// The input of one call, from the caller's side: read as far as the function reads, sent, and ended with the call whatever
// ends that. The same for every kind of caller; knows neither dispatch nor link.

import { messageOf, SpliceError } from "../errors.js";
import { isProtocolError } from "../protocol/protocol-error.js";
import { encodeValue } from "../protocol/values.js";
import { inputSourceOf } from "./input-source.js";
import type { LeavableSource } from "./item-source.js";
import { OutgoingStream } from "./outgoing-stream.js";

/** How many items an input may be ahead of the function that reads it. */
const windowChunks = 64;

/** Of what an input threw, the function is told so many characters at most. */
const maxMessageChars = 2000;

/** The way to the function. `chunk` throws ProtocolError for one that no frame has room for. */
export interface InputWire {
  start(window: number): void;
  chunk(sequence: number, data: Uint8Array): void;
  end(totalChunks: number): void;
  fail(code: number, message: string): void;
}

/** An item that cannot be sent; the code is what the function gets to see. */
class UnsendableItem extends Error {
  constructor(
    readonly code: number,
    message: string,
  ) {
    super(message);
  }
}

export class CallerInput {
  readonly #functionName: string;
  readonly #source: LeavableSource;
  #stream: OutgoingStream | null = null;
  #isOver = false;
  #isRead = false;

  /** @throws SpliceError 1000 for what is no input. */
  constructor(functionName: string, input: unknown) {
    this.#functionName = functionName;
    this.#source = inputSourceOf(functionName, input);
  }

  /** The call was sent: its input follows. */
  begin(wire: InputWire): void {
    if (this.#isOver) return;
    const stream = new OutgoingStream(windowChunks, {
      isOver: () => this.#isOver,
      send: (sequence, data) => {
        this.#send(wire, sequence, data);
      },
    });
    this.#stream = stream;
    wire.start(windowChunks);
    stream
      .pump(this.#source, (item) => this.#encode(item))
      .then(
        () => {
          this.#isRead = true;
          if (!this.#isOver) wire.end(stream.chunks);
        },
        (error: unknown) => {
          this.#isRead = true;
          if (this.#isOver) return;
          const code = error instanceof UnsendableItem ? error.code : 2000;
          wire.fail(code, shown(error));
        },
      );
  }

  /** The function has read so far. Returns null, or the breach: the rest of a sentence. */
  acknowledge(sequence: number | bigint, window: number): string | null {
    return this.#stream === null
      ? "a StreamAck came before its input had started"
      : this.#stream.acknowledge(sequence, window);
  }

  /** The call is over, and with it its input: what is not read by now is not read at all. */
  stop(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stream?.wake();
    if (!this.#isRead) void this.#return();
  }

  /** Nobody is left to hear what it throws while it is ended. */
  async #return(): Promise<void> {
    try {
      await this.#source.return();
    } catch {
      // The call has its outcome, and this is no part of it.
    }
  }

  #encode(item: unknown): Uint8Array {
    try {
      return encodeValue(item, "item");
    } catch (error) {
      throw new UnsendableItem(1001, `An item of the input cannot be sent: ${messageOf(error)}`);
    }
  }

  #send(wire: InputWire, sequence: number, data: Uint8Array): void {
    try {
      wire.chunk(sequence, data);
    } catch (error) {
      if (!isProtocolError(error)) throw error;
      const why = `An item of the input of ${JSON.stringify(this.#functionName)} is too large: ${error.message}`;
      throw new UnsendableItem(1004, why);
    }
  }
}

/** Whatever was thrown: reading it may throw in turn, and the function waits for its input. */
function shown(thrown: unknown): string {
  try {
    return messageOf(thrown).slice(0, maxMessageChars);
  } catch {
    return "The input failed with what cannot be shown.";
  }
}

/** Makes a call with the input that its options name, if they do, and ends the input with it. */
export function withInput(
  functionName: string,
  options: { readonly input?: unknown } | undefined,
  call: (input: CallerInput | null) => Promise<unknown>,
): Promise<unknown> {
  let input: CallerInput | null;
  try {
    input = inputOf(functionName, options);
  } catch (error) {
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- a SpliceError
    return Promise.reject(error);
  }
  if (input === null) return call(null);
  const taken = input;
  return call(taken).finally(() => {
    taken.stop();
  });
}

/** Null when they name none. @throws SpliceError 1000 for what is no input. */
export function inputOf(
  functionName: string,
  options: { readonly input?: unknown } | undefined,
): CallerInput | null {
  const input: unknown = options?.input;
  return input === undefined ? null : new CallerInput(functionName, input);
}

/** A call over a link, or to a worker, that cannot carry an input. */
export function inputUnsupported(functionName: string, whose: string): SpliceError {
  const message = `The function ${JSON.stringify(functionName)} was not called: ${inputNotCarried(whose)}.`;
  return new SpliceError({ code: 1000, message, functionName });
}

/** `whose` link did not agree on the capability: the rest of a sentence. */
export function inputNotCarried(whose: string): string {
  return `it was given an input, and the handshake of its ${whose} did not offer to carry one`;
}
