// The entrance of a host socket: how fast new hosts are listened to and how many may be there, so that those inside
// are served on while many come at once. Knows no message, and nothing of what a host does inside.

import type { Clock, TimerHandle } from "../time.js";
import type { ByteDuplex } from "../transport/duplex.js";

export const entranceBounds = {
  /**
   * A new host takes the supervisor about 0.2 ms: at this pace a fifth of its time, whatever the storm. 500 hosts that
   * come back at once are in after half a second, and as many as may come at all within half of the 5 s that a client
   * waits for its answer.
   */
  handshakesPerSecond: 1000,
  /** After a quiet time that many are let in at once: 10 ms of work, which no call notices. */
  handshakesAtOnce: 50,
  /**
   * Half of the 4096 descriptors that a process may open where that limit is low; the other half is for the workers and
   * for the program around. A host needs one connection, whatever it does.
   */
  connections: 2048,
  /** More, for as long as it takes to tell them why they are sent away. Above it they are closed without a word. */
  farewells: 64,
} as const;

/** Between two looks at the line: long enough to serve others in between, short enough to be no wait. */
const sliceMs = 10;

export interface EntrancePorts {
  readonly clock: Clock;
  readonly admit: (duplex: ByteDuplex) => void;
  /** There are too many; `isTold` is false when nobody has time to tell it. */
  readonly refuse: (duplex: ByteDuplex, isTold: boolean) => void;
}

/**
 * The platform accepts whoever comes and cannot be told to stop for a while. So those above the pace are accepted and wait in line,
 * with not a byte of theirs read; those above the number are refused.
 */
export class Entrance {
  readonly #ports: EntrancePorts;
  readonly #line: ByteDuplex[] = [];
  /** Connections that hold a descriptor, wherever they are. */
  #open = 0;
  /** How many may be let in now; grows with time up to `handshakesAtOnce`. */
  #allowance: number = entranceBounds.handshakesAtOnce;
  #countedAtMs: number;
  #timer: TimerHandle;

  constructor(ports: EntrancePorts) {
    this.#ports = ports;
    this.#countedAtMs = ports.clock.now();
  }

  /** A connection that nothing was read of yet. */
  arrived(duplex: ByteDuplex): void {
    this.#open += 1;
    const { connections, farewells } = entranceBounds;
    if (this.#open > connections) {
      this.#ports.refuse(duplex, this.#open <= connections + farewells);
      return;
    }
    this.#line.push(duplex);
    if (this.#timer === undefined) this.#letIn();
  }

  /** A connection that had arrived is closed. */
  left(): void {
    this.#open -= 1;
  }

  /** Cuts off those who still wait in line. */
  close(): void {
    this.#ports.clock.clearTimeout(this.#timer);
    for (const duplex of this.#line.splice(0)) duplex.destroy();
  }

  #letIn(): void {
    this.#timer = undefined;
    const { handshakesPerSecond, handshakesAtOnce } = entranceBounds;
    const nowMs = this.#ports.clock.now();
    const earned = ((nowMs - this.#countedAtMs) * handshakesPerSecond) / 1000;
    this.#allowance = Math.min(handshakesAtOnce, this.#allowance + earned);
    this.#countedAtMs = nowMs;
    const admitted = this.#line.splice(0, Math.floor(this.#allowance));
    this.#allowance -= admitted.length;
    for (const duplex of admitted) this.#ports.admit(duplex);
    if (this.#line.length === 0) return;
    this.#timer = this.#ports.clock.setTimeout(() => {
      this.#letIn();
    }, sliceMs);
  }
}
