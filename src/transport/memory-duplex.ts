// The in-memory twin of a connected pair of sockets: bytes, not messages, so that everything above runs unchanged.
// Has no kernel buffer: bytes count as handed on when the other end reads them. Knows no frame and no time.

import type { Random } from "../time.js";
import type { ByteDuplex, DuplexHandlers } from "./duplex.js";
import type { Schedule } from "./outbox.js";

export interface MemoryPairOptions {
  /** Above this many unread bytes `write` returns false; 64 KiB by default. */
  readonly queueBytes?: number | undefined;
  /** When the next step of either direction happens; a later turn of the event loop by default. */
  readonly schedule?: Schedule | undefined;
  /** Given, chunks are cut at places it chooses; otherwise each write arrives as it was written. */
  readonly random?: Random | undefined;
}

/** Two duplexes, each the other's peer. */
export function createMemoryPair(options: MemoryPairOptions = {}): [ByteDuplex, ByteDuplex] {
  const settings: Settings = {
    queueBytes: options.queueBytes ?? 65_536,
    schedule: options.schedule ?? ((run) => void setImmediate(run)),
    random: options.random,
  };
  const left = new MemoryEnd(settings);
  const right = new MemoryEnd(settings);
  left.peer = right;
  right.peer = left;
  return [left, right];
}

interface Settings {
  readonly queueBytes: number;
  readonly schedule: Schedule;
  readonly random: Random | undefined;
}

interface Write {
  readonly bytes: Uint8Array;
  readonly done: () => void;
  offset: number;
}

class MemoryEnd implements ByteDuplex {
  peer: MemoryEnd | undefined;
  readonly #settings: Settings;
  readonly #writes: Write[] = [];
  #handlers: DuplexHandlers | undefined;
  #unreadBytes = 0;
  #needsDrain = false;
  #isStepping = false;
  #isReading = false;
  /** Our side's FIN: asked for, then read by the peer. */
  #fin: "none" | "written" | "read" = "none";
  #sawEnd = false;
  #isDestroyed = false;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  write(bytes: Uint8Array, done: () => void): boolean {
    if (this.#isDestroyed || this.#fin !== "none") return false;
    this.#writes.push({ bytes, done, offset: 0 });
    this.#unreadBytes += bytes.length;
    this.#step();
    if (this.#unreadBytes <= this.#settings.queueBytes) return true;
    this.#needsDrain = true;
    return false;
  }

  end(): void {
    if (this.#fin !== "none") return;
    this.#fin = "written";
    this.#closeWhenDone();
    this.#step();
  }

  destroy(): void {
    this.#fail(undefined);
  }

  pause(): void {
    this.#isReading = false;
  }

  resume(): void {
    this.#isReading = true;
    if (this.peer) this.peer.#step();
  }

  attach(handlers: DuplexHandlers): void {
    this.#handlers = handlers;
  }

  /** Does one thing of our direction in a later turn, and the next one after that. */
  #step(): void {
    if (this.#isStepping) return;
    this.#isStepping = true;
    this.#settings.schedule(() => {
      this.#isStepping = false;
      const peer = this.peer;
      if (this.#isDestroyed || peer === undefined) return;
      if (peer.#isDestroyed) {
        // As on a socket: writing to a peer that has left breaks the link.
        if (this.#writes.length > 0) this.#fail(connectionError("EPIPE", "write EPIPE"));
        else this.#closeWhenDone();
        return;
      }
      if (!peer.#isReading) return;
      const write = this.#writes[0];
      if (write) this.#deliver(write, peer);
      else if (this.#fin === "written") this.#deliverFin(peer);
    });
  }

  #deliver(write: Write, peer: MemoryEnd): void {
    const left = write.bytes.length - write.offset;
    const random = this.#settings.random;
    const size = random && left > 0 ? 1 + Math.floor(random() * left) : left;
    // A copy, as the kernel makes one: the writer may use its bytes again after `done`.
    const chunk = write.bytes.slice(write.offset, write.offset + size);
    write.offset += size;
    this.#unreadBytes -= size;
    if (write.offset === write.bytes.length) {
      this.#writes.shift();
      write.done();
      this.#closeWhenDone();
    }
    if (chunk.length > 0) peer.#handlers?.data(chunk);
    if (this.#needsDrain && this.#unreadBytes === 0) {
      this.#needsDrain = false;
      this.#handlers?.drain();
    }
    this.#step();
  }

  #deliverFin(peer: MemoryEnd): void {
    this.#fin = "read";
    peer.#end();
  }

  /** The peer's FIN, or what stands for it when the peer is gone. */
  #end(): void {
    this.#sawEnd = true;
    this.#handlers?.end();
    this.#closeWhenDone();
  }

  #closeWhenDone(): void {
    if (this.#sawEnd && this.#fin !== "none" && this.#writes.length === 0) this.#fail(undefined);
  }

  #fail(error: Error | undefined): void {
    if (this.#isDestroyed) return;
    this.#isDestroyed = true;
    this.#writes.length = 0;
    this.#settings.schedule(() => {
      if (error) this.#handlers?.close(error);
      else this.#handlers?.close();
    });
    if (this.peer) this.peer.#peerLeft(this.#fin === "read");
  }

  /** The other end is destroyed: a reset when it left bytes of ours unread, otherwise an end like any other. */
  #peerLeft(hadEnded: boolean): void {
    if (this.#isDestroyed) return;
    if (this.#unreadBytes > 0) this.#fail(connectionError("ECONNRESET", "read ECONNRESET"));
    else if (!hadEnded) {
      this.#settings.schedule(() => {
        if (!this.#isDestroyed) this.#end();
      });
    }
  }
}

function connectionError(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}
