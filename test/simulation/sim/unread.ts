// What the supervisor keeps for hosts that do not read (G11): at least the results that it has answered their calls with, less
// what the kernel has taken of it. A host that is behind is not read either, so that no more can come than was under way.

import type { ResolvedLimits } from "../../../src/config/types.js";
import { defaultHighWaterBytes } from "../../../src/transport/outbox.js";
import type { LinkEnd } from "./byte-link.js";
import type { SimHost } from "./host.js";
import { largestResultBytes } from "./large-seeds.js";

/** Besides the filling. */
const mostFrameBytes = largestResultBytes + 200;

export class UnreadWatch {
  readonly #mostBytes: number;
  readonly #onFault: (error: Error) => void;
  readonly #answeredBytes = new Map<SimHost, number>();

  constructor({ maxInFlight, maxQueue }: ResolvedLimits, onFault: (error: Error) => void) {
    this.#mostBytes = defaultHighWaterBytes + (1 + maxInFlight + maxQueue) * mostFrameBytes;
    this.#onFault = onFault;
  }

  /** A call has come to its result. */
  answered(host: SimHost, end: LinkEnd, requestId: number): void {
    const answeredBytes = (this.#answeredBytes.get(host) ?? 0) + host.bytesDue(requestId);
    this.#answeredBytes.set(host, answeredBytes);
    const keptBytes = answeredBytes - end.takenBytes;
    if (!end.isDestroyed && keptBytes > this.#mostBytes)
      this.#onFault(
        new Error(
          `At least ${String(keptBytes)} bytes are kept for host ${String(host.callerId)}, more than ${String(this.#mostBytes)} (G11).`,
        ),
      );
  }
}
