// A supervisor in the foreground, of a terminal or of an init system: what signals and keys ask of it, from before it
// starts until it has ended. Knows neither how it is started nor what is shown of it.

import { isatty } from "node:tty";
import { listenForStopSignals } from "../actors/signals.js";
import { messageOf } from "../errors.js";
import type { Log } from "../log.js";
import type { EmbeddedSplice } from "../system/embedded-splice.js";

const stdinFd = 0;

export class Foreground {
  readonly #log: Log;
  readonly #startup = new AbortController();
  readonly #stopListening: () => void;
  /** Takes what asks for a reload while there is nothing to reload. Null: it is reloaded once it runs. */
  onEarlyReload: (() => void) | null = null;
  #splice: EmbeddedSplice | null = null;
  #stops = 0;
  /** What asked for a reload before there was anything to reload. */
  #reloadDue: string | null = null;

  /** `log` is for what happens before the supervisor has one. */
  constructor(log: Log) {
    this.#log = log;
    const hadTerminal = isatty(stdinFd);
    this.#stopListening = listenForStopSignals({
      onStop: (signal) => {
        this.stop(signal);
      },
      onHangup: (signal) => {
        // A terminal that closes takes what runs in it along; but while the drain is under way it hurries nothing.
        if (this.isStopping) return;
        if (hadTerminal && !isatty(stdinFd)) this.stop(signal);
        else this.reload(signal);
      },
    });
  }

  /** Aborted by the first wish to stop: what is being started is given up. */
  get signal(): AbortSignal {
    return this.#startup.signal;
  }

  get isStopping(): boolean {
    return this.#stops > 0;
  }

  /** It runs from now on, and whatever was asked meanwhile is asked of it. */
  adopt(splice: EmbeddedSplice): void {
    this.#splice = splice;
    if (this.isStopping) void splice.close();
    else if (this.#reloadDue !== null) this.reload(this.#reloadDue);
  }

  /** Drains; said again it hurries. `why` is the signal or the key. */
  stop(why: string): void {
    this.#stops += 1;
    const splice = this.#splice;
    (splice?.log ?? this.#log).info(this.#stops === 1 ? `${why}: draining` : `${why}: stopping now`);
    this.#startup.abort();
    if (this.#stops === 1) void splice?.close();
    else splice?.hurry();
  }

  /** All pools; the log of the supervisor says how it went. */
  reload(why: string): void {
    if (this.isStopping) return;
    if (this.#splice === null && this.onEarlyReload !== null) this.onEarlyReload();
    else if (this.#splice === null) this.#reloadDue = why;
    else void this.#reload(this.#splice, why);
  }

  async #reload(splice: EmbeddedSplice, why: string): Promise<void> {
    // Somebody may have told it to stop over its socket.
    const { state } = await splice.status();
    if (state !== "running") return;
    splice.log.info(`${why}: reloading`);
    try {
      await splice.reload();
    } catch (error) {
      splice.log.error(`${why}: nothing was reloaded. ${messageOf(error)}`);
    }
  }

  close(): void {
    this.#stopListening();
  }
}
