// Whether a socket is still at its path, and what is done when it is not: looked at again and again, because no notice
// of the platform outlives the folder that it was asked for. Knows no socket; how a path is taken is handed in.

import type { Clock, TimerHandle } from "../time.js";
import { systemCode, toListenError } from "./listen-error.js";

/** Noticed within half of the 5 s that are promised; a look costs some microseconds. */
const lookEveryMs = 2_000;

export interface WatchedPath {
  readonly path: string;
  readonly clock: Clock;
  /** Whether the file there is still ours; false also when that cannot be told. */
  readonly isOurs: () => Promise<boolean>;
  /** Takes the path again; false while another process is at it. Rejects with why it cannot be had. */
  readonly retake: () => Promise<boolean>;
  /** A sentence for each change, not for each look. */
  readonly onWarning: (message: string) => void;
}

export interface PathWatch {
  /** Looks no more; resolves when a look that is under way is over. */
  stop(): Promise<void>;
}

export function watchPath({ path, clock, isOurs, retake, onWarning }: WatchedPath): PathWatch {
  /** What kept us from the path at the last look; undefined when nothing did. */
  let trouble: string | undefined;
  let isStopped = false;
  let timer: TimerHandle;
  let looking = Promise.resolve();

  const tell = (kind: string, why: string): void => {
    if (trouble === kind) return;
    trouble = kind;
    onWarning(
      `the socket ${path} was deleted or replaced, so no new host reaches this supervisor; those that are connected ` +
        `stay. ${why} It is tried again every ${String(lookEveryMs / 1_000)} s.`,
    );
  };
  const look = async (): Promise<void> => {
    if (await isOurs()) {
      if (trouble !== undefined) onWarning(`the socket ${path} is this supervisor's again.`);
      trouble = undefined;
      return;
    }
    try {
      if (await retake()) {
        trouble = undefined;
        onWarning(`the socket ${path} was deleted or replaced, and has been made again.`);
      } else if (trouble === undefined) {
        tell("busy", `Another process is starting there and holds ${path}.lock.`);
      }
    } catch (thrown) {
      const error = toListenError(thrown, path);
      // The texts of the platform may name a file that is another one each time.
      tell(error.cause === undefined ? error.message : (systemCode(error.cause) ?? "error"), error.message);
    }
  };
  const lookLater = (): void => {
    timer = clock.setTimeout(() => {
      looking = look().then(() => {
        if (!isStopped) lookLater();
      });
    }, lookEveryMs);
  };
  lookLater();

  return {
    stop() {
      isStopped = true;
      clock.clearTimeout(timer);
      return looking;
    },
  };
}
