// `splice dev` on a terminal: asks for the Status whenever something has happened, and once a second, and draws it with
// the log and the last reload; keys reload, clear, choose what is shown and stop.

import type { LogLine } from "../../contract/reserved-streams.js";
import type { LifecycleEvent } from "../../contract/status.js";
import type { Log, LogFields, LogLevel } from "../../log.js";
import type { EmbeddedSplice } from "../../system/embedded-splice.js";
import { isColourWanted } from "../../system/pretty-line.js";
import { realClock } from "../../time.js";
import { Pulse } from "../pulse.js";
import { CallRate } from "./call-rate.js";
import { dashboardLines, levels, type LastReload, type Picture } from "./dashboard.js";
import { Terminal } from "./terminal.js";
import type { View } from "./view.js";

export interface ScreenOptions {
  readonly folder: string;
  readonly level: LogLevel;
  readonly onReload: (why: string) => void;
  readonly onStop: (why: string) => void;
}

/** More than any screen shows. */
const maxLines = 500;

const ctrlC = "\u0003";
const ctrlL = "\u000c";

export function openScreen(options: ScreenOptions): View {
  return new Screen(options);
}

class Screen implements View {
  readonly log: Log;
  readonly #options: ScreenOptions;
  readonly #terminal: Terminal;
  readonly #pulse = new Pulse(realClock);
  readonly #closed = new AbortController();
  readonly #rate = new CallRate(realClock);
  readonly #debuggers = new Map<string, string>();
  #lines: readonly LogLine[] = [];
  #level: LogLevel;
  #splice: EmbeddedSplice | null = null;
  #startError: string | null = null;
  #lastReload: LastReload | null = null;

  constructor(options: ScreenOptions) {
    this.#options = options;
    this.#level = options.level;
    const at = (level: LogLevel) => (message: string, fields?: LogFields) => {
      this.#add(level, message, fields);
    };
    this.log = { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
    this.#terminal = new Terminal({
      onKey: (key) => {
        this.#pressed(key);
      },
      onRedraw: () => {
        void this.#draw();
      },
      onGone: () => {
        options.onStop("The terminal is gone");
      },
    });
    this.#terminal.open();
    void this.#keepDrawing();
  }

  serving(splice: EmbeddedSplice): void {
    this.#splice = splice;
    this.#startError = null;
    splice.events$.subscribe((event) => {
      this.#heard(event);
    });
    this.#pulse.changed();
  }

  waiting(error: string): void {
    this.#startError = error;
    this.#pulse.changed();
  }

  retrying(): void {
    this.#startError = null;
    this.#pulse.changed();
  }

  debugger(worker: string, url: string): void {
    this.#debuggers.set(worker, `debug   worker ${worker} at ${url}`);
    this.#pulse.changed();
  }

  close(): void {
    this.#closed.abort();
    this.#terminal.close();
  }

  #add(level: LogLevel, message: string, fields: LogFields = {}): void {
    const { worker, ...rest } = fields;
    const line = {
      atMs: realClock.wallMs(),
      level,
      worker: typeof worker === "string" ? worker : null,
      message,
      fields: rest,
    };
    this.#lines = [...this.#lines.slice(1 - maxLines), line];
    this.#pulse.changed();
  }

  #heard({ type, pool = "", generation = 0, reason, atMs }: LifecycleEvent): void {
    if (type === "generation.promoted") this.#lastReload = { pool, generation, verdict: reason ?? "", atMs };
    if (type === "reload.failed") this.#lastReload = { pool, generation, verdict: null, atMs };
    this.#pulse.changed();
  }

  #pressed(key: string): void {
    if (key === "q") this.#options.onStop("q");
    else if (key === ctrlC) this.#options.onStop("Ctrl-C");
    else if (key === "r") this.#options.onReload("r");
    else if (key === "c") this.#lines = [];
    else if (key === "l") this.#level = levels[(levels.indexOf(this.#level) + 1) % levels.length] ?? "info";
    else if (key === ctrlL) this.#terminal.clear();
    else return;
    void this.#draw();
  }

  async #keepDrawing(): Promise<void> {
    const { signal } = this.#closed;
    while (!signal.aborted) {
      await this.#draw();
      await this.#pulse.next(signal);
    }
  }

  async #draw(): Promise<void> {
    const status = (await this.#splice?.status()) ?? null;
    if (this.#closed.signal.aborted) return;
    const picture: Picture = {
      folder: this.#options.folder,
      status,
      startError: this.#startError,
      callsPerSecond: status === null ? 0 : this.#rate.of(status.calls.total),
      lastReload: this.#lastReload,
      debuggers: [...this.#debuggers.values()],
      lines: this.#lines,
      level: this.#level,
      hasKeys: this.#terminal.hasKeys,
      nowMs: realClock.wallMs(),
    };
    this.#terminal.draw(dashboardLines(picture, this.#terminal.size, isColourWanted));
  }
}
