// One link in the hands of a scenario: sends, keeps what comes in lanes, and waits. Writes everything down, frame by
// frame, for whoever reads of a broken rule. Knows no step and no rule.

import { Decoder } from "../../protocol/decoder.js";
import { encode } from "../../protocol/codec.js";
import type { Message } from "../../protocol/messages.js";
import { isProtocolError } from "../../protocol/protocol-error.js";
import { messageOf } from "../../errors.js";
import { fieldsOf, laneOf } from "./fields.js";
import { shownMessage } from "./shown.js";
import type { Ending, Subject } from "./subject.js";

export interface Received {
  readonly message: Message;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly lane: string;
  isTaken: boolean;
}

/** The most lines that are kept of one conversation, at its beginning and at its end. */
/** How long a link may stay open after its process has ended. */
const readOutMs = 1000;

const keptLines = 20;

export class Conversation {
  readonly received: Received[] = [];
  /** How many bytes came. */
  bytes = 0;
  isClosed = false;
  ending: Ending | undefined;
  /** Why nothing more can be understood of what comes. */
  breach: string | undefined;
  /** Told of each frame as it comes. */
  onReceived: (received: Received) => void = () => undefined;
  readonly #subject: Subject;
  readonly #decoder = new Decoder();
  readonly #head: string[] = [];
  readonly #tail: string[] = [];
  #dropped = 0;
  #reason: Error | undefined;
  readonly #waiters = new Set<() => void>();

  #onClosed: () => void = () => undefined;

  constructor(subject: Subject) {
    this.#subject = subject;
    const { duplex } = subject;
    duplex.attach({
      data: (chunk) => {
        this.#receive(chunk);
      },
      drain: () => undefined,
      end: () => {
        this.#close("the other side sends nothing more");
      },
      close: (error) => {
        this.#close(error === undefined ? "the link is closed" : `the link is closed (${error.message})`);
      },
    });
    duplex.resume();
    void subject.exited?.then(async (ending) => {
      await this.#readOut();
      this.ending = ending;
      this.#note("·", `the process ended ${endingText(ending)}`);
      this.#wake();
    });
  }

  /** What went and came, oldest first. */
  get lines(): readonly string[] {
    const gap = this.#dropped === 0 ? [] : [`  … ${String(this.#dropped)} more …`];
    return [...this.#head, ...gap, ...this.#tail];
  }

  send(message: Message): void {
    this.#note("→", shownMessage(message));
    this.#write(encode(message));
  }

  /** In two writes, the second when the first has left and the peer had a moment to read it. */
  async sendCut(message: Message, at: number): Promise<void> {
    const frame = encode(message);
    this.#note("→", `${shownMessage(message)}   (cut after ${String(at)} bytes)`);
    this.#write(frame.subarray(0, at));
    await new Promise((resolve) => setTimeout(resolve, betweenPiecesMs));
    if (at < frame.length) this.#write(frame.subarray(at));
  }

  sendBytes(bytes: Uint8Array): void {
    const hex = Buffer.from(bytes.subarray(0, 24)).toString("hex");
    this.#note("→", `${String(bytes.length)} raw bytes ${hex}${bytes.length > 24 ? "…" : ""}`);
    this.#write(bytes);
  }

  /** Ends both directions, as a peer does that is gone. */
  hangUp(): void {
    this.#note("→", "(closes)");
    this.#subject.duplex.destroy();
  }

  /** Something was found that ends the scenario, whatever it is waiting for. The first one counts. */
  condemn(reason: Error): void {
    this.#reason ??= reason;
    this.#wake();
  }

  throwIfCondemned(): void {
    if (this.#reason !== undefined) throw this.#reason;
  }

  /**
   * The first thing that `find` gives, now or within the patience; undefined when it gave nothing. Rejects with what
   * `find` throws, and as soon as the conversation is condemned.
   */
  async until<Found>(find: () => Found | undefined, patienceMs: number): Promise<Found | undefined> {
    this.throwIfCondemned();
    const found = find();
    if (found !== undefined) return found;
    return new Promise((resolve, reject) => {
      const finish = (): void => {
        clearTimeout(timer);
        this.#waiters.delete(look);
      };
      const look = (): void => {
        try {
          this.throwIfCondemned();
          const late = find();
          if (late === undefined) return;
          finish();
          resolve(late);
        } catch (error) {
          finish();
          reject(error instanceof Error ? error : new Error(messageOf(error)));
        }
      };
      const timer = setTimeout(() => {
        finish();
        resolve(undefined);
      }, patienceMs);
      this.#waiters.add(look);
    });
  }

  #write(bytes: Uint8Array): void {
    this.#subject.duplex.write(bytes, () => undefined);
  }

  #receive(chunk: Uint8Array): void {
    if (this.breach !== undefined) return;
    this.bytes += chunk.length;
    try {
      for (const message of this.#decoder.push(chunk)) this.#take(message);
    } catch (error) {
      if (!isProtocolError(error)) throw error;
      for (const message of error.messages) this.#take(message);
      this.breach = error.message;
      this.#note("←", `something that no decoder takes: ${error.message}`);
    }
    this.#wake();
  }

  #take(message: Message): void {
    const fields = fieldsOf(message);
    const received = { message, fields, lane: laneOf(message.type, fields["request_id"]), isTaken: false };
    this.#note("←", shownMessage(message));
    this.received.push(received);
    this.onReceived(received);
  }

  /** What a process wrote before it ended is read to the end of its link, which somebody else may hold open. */
  async #readOut(): Promise<void> {
    if (this.isClosed) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, readOutMs);
      this.#onClosed = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #close(how: string): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.#onClosed();
    this.#note("·", how);
    this.#wake();
  }

  #note(mark: string, text: string): void {
    const line = `${mark} ${text}`;
    if (this.#head.length < keptLines) {
      this.#head.push(line);
      return;
    }
    this.#tail.push(line);
    if (this.#tail.length <= keptLines) return;
    this.#tail.shift();
    this.#dropped += 1;
  }

  #wake(): void {
    for (const waiter of [...this.#waiters]) waiter();
  }
}

/** Long enough for most readers to see two pieces as two. */
const betweenPiecesMs = 2;

export function endingText({ exitCode, signal }: Ending): string {
  return signal === null ? `with exit code ${String(exitCode)}` : `by ${signal}`;
}
