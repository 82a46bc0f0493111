// What becomes of hosts for whom there is no room: one sentence to each that can be told, and few to the log, however
// many come. Knows no calls.

import { encodeValue } from "../protocol/values.js";
import { preHandshakeMaxFrameBytes } from "../protocol/limits.js";
import type { Log } from "../log.js";
import type { Clock } from "../time.js";
import type { ByteDuplex } from "../transport/duplex.js";
import { createSocketStream } from "../transport/socket-stream.js";
import { entranceBounds } from "./entrance.js";

/** How long one that was refused has to read why and to close. */
const farewellMs = 1000;
/** One line in that time. */
const logEveryMs = 10_000;
/** What a refused host is told to wait: some of the others may be gone by then. */
const retryAfterMs = 1000;

export class Refusals {
  readonly #clock: Clock;
  readonly #log: Log;
  #saidAtMs = -Infinity;
  #unsaid = 0;

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  refuse(duplex: ByteDuplex, isTold: boolean): void {
    this.#note();
    if (!isTold) {
      duplex.destroy();
      return;
    }
    const { connections } = entranceBounds;
    const stream = createSocketStream(duplex, {
      clock: this.#clock,
      maxFrameBytes: preHandshakeMaxFrameBytes,
    });
    const timer = this.#clock.setTimeout(() => {
      stream.destroy();
    }, farewellMs);
    stream.closed$.subscribe(() => {
      this.#clock.clearTimeout(timer);
      stream.destroy();
    });
    // Read and thrown away: a peer that is cut off while it writes might never read what it was told.
    stream.messages$.subscribe();
    stream.outbox.send({
      type: "InvokeError",
      requestId: 0,
      code: 3002,
      kind: "System",
      message: `The supervisor has ${String(connections)} connections and takes no more; connect again when others have left.`,
      details: encodeValue({ limit: "connections", inFlight: connections, retryAfterMs }),
    });
    stream.end();
  }

  #note(): void {
    this.#unsaid += 1;
    const nowMs = this.#clock.now();
    if (nowMs - this.#saidAtMs < logEveryMs) return;
    this.#saidAtMs = nowMs;
    const count = this.#unsaid === 1 ? "a host was" : `${String(this.#unsaid)} hosts were`;
    this.#unsaid = 0;
    this.#log.warn(
      `${count} sent away: there are ${String(entranceBounds.connections)} connections, the most this supervisor takes`,
    );
  }
}
