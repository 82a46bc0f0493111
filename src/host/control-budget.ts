// How much a host may ask besides calls: control frames in a second, and replies to them that it leaves unread. Only
// counts, in constant time and memory; it knows no message and closes nothing.

import type { Clock } from "../time.js";
import type { Outbox } from "../transport/outbox.js";

/** A host needs a few in a minute, and one for each call that it cancels too late; a loop gone wild is soon past it. */
const maxControlFramesPerSecond = 1000;

/** They lie behind all that the kernel holds for the host; one that goes on reading has fewer. */
const maxUnreadControlReplies = 256;

const controlFrames = "control frames (HealthCheck, ListExports, Cancel of a request that is not in flight)";

export class ControlBudget {
  readonly #clock: Clock;
  readonly #outbox: Outbox;
  #sinceMs = -Infinity;
  #frames = 0;
  /** Where the last replies end among the bytes of the outbox, the oldest overwritten by the newest. */
  readonly #replyEnds: number[] = [];
  #replies = 0;
  #hasUnread = false;

  constructor(clock: Clock, outbox: Outbox) {
    this.#clock = clock;
    this.#outbox = outbox;
  }

  /**
   * Before the frames of one chunk. Their own replies are not counted among the unread ones: they are written
   * together, after the last frame, and until then the host could not have read any of them.
   */
  startChunk(): void {
    const oldestEnd = this.#replyEnds[this.#replies % maxUnreadControlReplies] ?? 0;
    this.#hasUnread = oldestEnd > this.#outbox.takenBytes;
  }

  /** A control frame came: null, or why its sender has to go. */
  admit(): string | null {
    const nowMs = this.#clock.now();
    if (nowMs - this.#sinceMs >= 1000) {
      this.#sinceMs = nowMs;
      this.#frames = 0;
    }
    this.#frames += 1;
    if (this.#frames > maxControlFramesPerSecond)
      return `More than ${String(maxControlFramesPerSecond)} ${controlFrames} came within a second.`;
    if (this.#hasUnread)
      return `Another control frame came while ${String(maxUnreadControlReplies)} replies to earlier ${controlFrames} were unread.`;
    return null;
  }

  /** The reply to a control frame is the last thing in the outbox. */
  replied(): void {
    const { takenBytes, queuedBytes } = this.#outbox;
    this.#replyEnds[this.#replies % maxUnreadControlReplies] = takenBytes + queuedBytes;
    this.#replies += 1;
  }
}
