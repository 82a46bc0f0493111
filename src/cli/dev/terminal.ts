// A terminal that a program has for itself: a screen of its own that is redrawn in place, and keys as they are pressed.
// Whatever ends the program, the terminal is left as it was found. Knows nothing of what is shown.

import { writeSync } from "node:fs";

export interface TerminalListeners {
  /** One key, as the terminal sends it. Ctrl-Z is not among them. */
  readonly onKey: (key: string) => void;
  /** All has to be drawn anew: the size is another, or the terminal was somebody else's meanwhile. */
  readonly onRedraw: () => void;
  /** The terminal is gone. */
  readonly onGone: () => void;
}

const enter = "\u001b[?1049h\u001b[?25l\u001b[2J";
const leave = "\u001b[?25h\u001b[?1049l";
/** Between the two a terminal that can shows nothing half drawn; others ignore them. */
const [beginFrame, endFrame] = ["\u001b[?2026h", "\u001b[?2026l"];
const stdoutFd = 1;
const ctrlZ = "\u001a";

export class Terminal {
  readonly #listeners: TerminalListeners;
  #drawn: readonly string[] = [];
  #isOpen = false;
  #isGone = false;
  readonly hasKeys = process.stdin.isTTY;

  constructor(listeners: TerminalListeners) {
    this.#listeners = listeners;
  }

  get size(): { readonly columns: number; readonly rows: number } {
    const { columns = 80, rows = 24 } = process.stdout as { columns?: number; rows?: number };
    return { columns: Math.max(1, columns), rows: Math.max(1, rows) };
  }

  open(): void {
    process.stdout.on("resize", this.#onResize);
    process.stdout.on("error", this.#onLost);
    process.on("exit", this.#leave);
    // Before the error is printed, which belongs on the screen that stays.
    process.on("uncaughtExceptionMonitor", this.#leave);
    process.on("SIGTSTP", this.#suspend);
    process.on("SIGCONT", this.#resume);
    if (this.hasKeys) {
      process.stdin.setEncoding("utf8");
      process.stdin.on("data", this.#onData);
      process.stdin.on("end", this.#onLost);
      process.stdin.on("error", this.#onLost);
    }
    this.#enter();
  }

  close(): void {
    this.#leave();
    process.stdout.off("resize", this.#onResize);
    process.stdout.off("error", this.#onLost);
    process.off("exit", this.#leave);
    process.off("uncaughtExceptionMonitor", this.#leave);
    process.off("SIGTSTP", this.#suspend);
    process.off("SIGCONT", this.#resume);
    if (!this.hasKeys) return;
    process.stdin.off("data", this.#onData);
    process.stdin.off("end", this.#onLost);
    process.stdin.pause();
  }

  /** Lines that are as they were drawn last are left alone. */
  draw(lines: readonly string[]): void {
    if (!this.#isOpen || this.#isGone) return;
    let frame = "";
    for (const [at, line] of lines.entries()) {
      if (line !== this.#drawn[at]) frame += `\u001b[${String(at + 1)};1H${line}\u001b[0m\u001b[K`;
    }
    this.#drawn = lines;
    if (frame !== "") process.stdout.write(`${beginFrame}${frame}${endFrame}`);
  }

  /** All of it is drawn at the next time. */
  clear(): void {
    if (!this.#isOpen || this.#isGone) return;
    this.#drawn = [];
    process.stdout.write("\u001b[2J");
  }

  #enter(): void {
    if (this.#isOpen || this.#isGone) return;
    this.#isOpen = true;
    this.#drawn = [];
    this.#setRaw(true);
    process.stdout.write(enter);
  }

  /** At once, since nothing may come after it. */
  readonly #leave = (): void => {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#setRaw(false);
    try {
      if (!this.#isGone) writeSync(stdoutFd, leave);
    } catch {
      // There is no terminal any more to be left in order.
    }
  };

  #setRaw(isRaw: boolean): void {
    if (!this.hasKeys) return;
    try {
      process.stdin.setRawMode(isRaw);
      if (isRaw) process.stdin.resume();
    } catch {
      // As above.
    }
  }

  readonly #onData = (text: string): void => {
    for (const key of text) {
      // The whole job stops, as it would without us.
      if (key === ctrlZ) process.kill(0, "SIGTSTP");
      else this.#listeners.onKey(key);
    }
  };

  readonly #onResize = (): void => {
    this.clear();
    this.#listeners.onRedraw();
  };

  readonly #onLost = (): void => {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#listeners.onGone();
  };

  readonly #suspend = (): void => {
    this.#leave();
    // Without our listener the signal does what it always does: it stops the process, unless nobody could wake it again.
    process.off("SIGTSTP", this.#suspend);
    process.kill(process.pid, "SIGTSTP");
    setImmediate(this.#resume);
  };

  readonly #resume = (): void => {
    if (this.#isOpen || this.#isGone || !process.listeners("SIGCONT").includes(this.#resume)) return;
    process.off("SIGTSTP", this.#suspend);
    process.on("SIGTSTP", this.#suspend);
    this.#enter();
    this.#listeners.onRedraw();
  };
}
