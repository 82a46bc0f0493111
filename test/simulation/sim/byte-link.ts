// A connection of the simulated machine: bytes in both directions through a kernel that holds so many, in pieces of any
// size and after any time. Knows no frame and no role.

import type { Random } from "../../../src/time.js";
import type { ByteDuplex, DuplexHandlers } from "../../../src/transport/duplex.js";
import type { Faults } from "./faults.js";
import type { Owner, Sim } from "./sim.js";

/** What Node's sockets hold before `write` returns false. */
const highWaterBytes = 16_384;

interface Write {
  bytes: Uint8Array;
  readonly done: () => void;
}

export interface LinkPorts {
  readonly sim: Sim;
  readonly random: Random;
  readonly faults: Faults;
  /** Bytes that the kernel holds in one direction. */
  readonly kernelBytes: number;
}

/** Two ends, each the other's peer. */
export function createByteLink(ports: LinkPorts, left: Owner, right: Owner): [LinkEnd, LinkEnd] {
  const a = new LinkEnd(ports, left);
  const b = new LinkEnd(ports, right);
  a.peer = b;
  b.peer = a;
  return [a, b];
}

export class LinkEnd implements ByteDuplex {
  peer: LinkEnd | undefined;
  readonly #ports: LinkPorts;
  readonly #owner: Owner;
  #handlers: DuplexHandlers | undefined;
  /** Written, and not in the kernel yet. */
  #queue: Write[] = [];
  #queueBytes = 0;
  /** What the kernel has taken so far. */
  takenBytes = 0;
  /** On its way to us. */
  readonly #inbox: Uint8Array[] = [];
  #inboxBytes = 0;
  #needsDrain = false;
  #isReading = false;
  #isDelivering = false;
  #cloggedUntilMs = 0;
  #fin: "none" | "asked" | "sent" = "none";
  #peerFin = false;
  #sawEnd = false;
  #isDestroyed = false;
  #isBroken = false;
  #hasClosed = false;

  constructor(ports: LinkPorts, owner: Owner) {
    this.#ports = ports;
    this.#owner = owner;
    // What it could not hand to the kernel while it stood still.
    owner.onGo.push(() => {
      this.#pump();
    });
  }

  /** Bytes that the kernel has not taken. */
  get queuedBytes(): number {
    return this.#queueBytes;
  }

  get isDestroyed(): boolean {
    return this.#isDestroyed;
  }

  write(bytes: Uint8Array, done: () => void): boolean {
    // Code of a process that has just died runs on to its next wait; nothing of it leaves the process.
    if (this.#isDestroyed || this.#fin !== "none" || this.#owner.isGone) return false;
    this.#queue.push({ bytes, done });
    this.#queueBytes += bytes.length;
    const isFull = this.#queueBytes >= highWaterBytes || this.#ports.faults.fires("writeFalse");
    this.#pump();
    if (isFull) {
      this.#needsDrain = true;
      this.#drainSoon();
    }
    return !isFull;
  }

  end(): void {
    if (this.#fin !== "none" || this.#isDestroyed) return;
    this.#fin = "asked";
    this.#pump();
  }

  destroy(): void {
    this.#leave(undefined);
  }

  pause(): void {
    this.#isReading = false;
  }

  resume(): void {
    this.#isReading = true;
    this.#deliverSoon();
  }

  attach(handlers: DuplexHandlers): void {
    this.#handlers = handlers;
  }

  /** The process at this end has died: what the kernel has not got is lost. Its end of the link may stay open for a while. */
  cut(): void {
    this.#queue = [];
    this.#queueBytes = 0;
  }

  /** Nobody holds this end any more, and nobody is told here. */
  died(): void {
    if (this.#isDestroyed) return;
    this.#isDestroyed = this.#hasClosed = true;
    if (this.peer !== undefined) this.peer.#peerLeft(this.#inboxBytes > 0);
  }

  /** Nothing arrives at this end for so long. */
  clog(durationMs: number): void {
    this.#cloggedUntilMs = Math.max(this.#cloggedUntilMs, this.#ports.sim.nowMs + durationMs);
  }

  unclog(): void {
    this.#cloggedUntilMs = 0;
  }

  /** The connection breaks: what is under way in either direction is lost. */
  reset(): void {
    for (const end of [this, this.peer]) {
      if (end === undefined || end.#isDestroyed) continue;
      end.#inbox.length = 0;
      end.#inboxBytes = 0;
      end.#leave(brokenError("ECONNRESET"));
    }
  }

  /** Hands the kernel as much as it takes. */
  #pump(): void {
    const peer = this.peer;
    if (peer === undefined || this.#isDestroyed || this.#owner.isStopped) return;
    if (peer.#isDestroyed) {
      if (this.#queue.length > 0) this.#leave(brokenError("EPIPE"));
      return;
    }
    for (let write = this.#queue[0]; write !== undefined; write = this.#queue[0]) {
      const room = this.#ports.kernelBytes - peer.#inboxBytes;
      if (room <= 0 && write.bytes.length > 0) break;
      const taken = Math.min(room, write.bytes.length);
      if (taken > 0) peer.#inbox.push(write.bytes.slice(0, taken));
      peer.#inboxBytes += taken;
      this.takenBytes += taken;
      this.#queueBytes -= taken;
      if (taken < write.bytes.length) {
        write.bytes = write.bytes.subarray(taken);
        break;
      }
      this.#queue.shift();
      process.nextTick(write.done);
    }
    if (this.#fin === "asked" && this.#queue.length === 0) {
      this.#fin = "sent";
      peer.#peerFin = true;
      this.#closeWhenDone();
    }
    this.#drainSoon();
    peer.#deliverSoon();
  }

  #drainSoon(): void {
    if (!this.#needsDrain || this.#queue.length > 0) return;
    this.#needsDrain = false;
    this.#later("drains", () => {
      this.#handlers?.drain();
    });
  }

  #later(what: string, run: () => void): void {
    const { sim, random } = this.#ports;
    sim.after(random() * 0.5, what, this.#owner, run);
  }

  #deliverSoon(): void {
    const hasSome = this.#inboxBytes > 0 || ((this.#peerFin || this.#isBroken) && !this.#sawEnd);
    if (this.#isDelivering || !this.#isReading || this.#isDestroyed || !hasSome) return;
    this.#isDelivering = true;
    const { sim, faults } = this.#ports;
    const delayMs = Math.max(faults.transitMs(), this.#cloggedUntilMs - sim.nowMs);
    sim.after(delayMs, "reads", this.#owner, () => {
      this.#isDelivering = false;
      if (this.#isDestroyed || !this.#isReading) return;
      if (this.#cloggedUntilMs > sim.nowMs) this.#deliverSoon();
      else this.#deliver();
    });
  }

  #deliver(): void {
    if (this.#inboxBytes > 0) {
      const chunk = this.#take(this.#ports.faults.pieceOf(this.#inboxBytes));
      if (this.peer !== undefined) this.peer.#pump();
      this.#handlers?.data(chunk);
      this.#deliverSoon();
    } else if (this.#isBroken) this.#leave(brokenError("ECONNRESET"));
    else if (this.#peerFin && !this.#sawEnd) {
      this.#sawEnd = true;
      this.#handlers?.end();
      this.#closeWhenDone();
    }
  }

  #take(size: number): Uint8Array {
    const chunk = new Uint8Array(size);
    for (let at = 0; at < size;) {
      const first = this.#inbox[0] ?? new Uint8Array(0);
      const part = first.subarray(0, size - at);
      chunk.set(part, at);
      at += part.length;
      if (part.length === first.length) this.#inbox.shift();
      else this.#inbox[0] = first.subarray(part.length);
    }
    this.#inboxBytes -= size;
    return chunk;
  }

  /** The other end is closed. With bytes of ours unread that is a reset, behind what it had written before. */
  #peerLeft(hadUnread: boolean): void {
    if (this.#isDestroyed) return;
    if (hadUnread) this.#isBroken = true;
    else this.#peerFin = true;
    this.#pump();
    this.#deliverSoon();
  }

  #closeWhenDone(): void {
    if (this.#sawEnd && this.#fin === "sent") this.#leave(undefined);
  }

  #leave(error: Error | undefined): void {
    if (this.#isDestroyed) return;
    this.#isDestroyed = true;
    this.#queue = [];
    this.#queueBytes = 0;
    this.#later("closes", () => {
      if (this.#hasClosed) return;
      this.#hasClosed = true;
      if (error === undefined) this.#handlers?.close();
      else this.#handlers?.close(error);
    });
    if (this.peer !== undefined) this.peer.#peerLeft(this.#inboxBytes > 0);
  }
}

function brokenError(code: string): Error {
  return Object.assign(new Error(code === "EPIPE" ? "write EPIPE" : "read ECONNRESET"), { code });
}
