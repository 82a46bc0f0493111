// A worker's stdout and stderr: always drained, cut into lines, made harmless and bounded, so that neither a silent
// reader blocks the worker nor a loud worker fills the supervisor. Knows nothing of what the lines mean.

import type { Readable } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import type { Clock } from "../time.js";

/** A longer line is cut here; the rest up to its end is counted as dropped. */
const maxLineChars = 8192;
/** What one stream may put into the log per second; far above what people read, far below what hurts. */
const maxBytesPerSecond = 1_048_576;

export interface OutputSink {
  /** One line without its end, escaped. */
  line(text: string): void;
  dropped(bytes: number): void;
}

/** Reads `stream` until it ends or is destroyed. */
export function drainLines(stream: Readable, clock: Clock, sink: OutputSink): void {
  const decoder = new StringDecoder("utf8");
  let pending = "";
  let droppedBytes = 0;
  let budgetBytes = maxBytesPerSecond;
  let budgetSinceMs = clock.now();
  const report = (): void => {
    if (droppedBytes > 0) sink.dropped(droppedBytes);
    droppedBytes = 0;
  };
  const emit = (line: string): void => {
    if (line.length > maxLineChars) droppedBytes += line.length - maxLineChars;
    sink.line(escapeControls(line.slice(0, maxLineChars)));
  };
  stream.on("data", (chunk: Buffer) => {
    const nowMs = clock.now();
    if (nowMs - budgetSinceMs >= 1000) {
      budgetSinceMs = nowMs;
      budgetBytes = maxBytesPerSecond;
      report();
    }
    if (chunk.length > budgetBytes) {
      droppedBytes += chunk.length;
      // What comes after the gap is not the end of the line that was begun before it.
      if (pending !== "") emit(pending);
      pending = "";
      return;
    }
    budgetBytes -= chunk.length;
    const lines = (pending + decoder.write(chunk)).split("\n");
    pending = lines.pop() ?? "";
    for (const line of lines) emit(line);
    if (pending.length > 2 * maxLineChars) {
      droppedBytes += pending.length - maxLineChars;
      pending = pending.slice(0, maxLineChars);
    }
  });
  const finish = (): void => {
    pending += decoder.end();
    if (pending !== "") emit(pending);
    pending = "";
    report();
  };
  // `close` without `end`: somebody else holds the other end, and the stream was destroyed.
  stream.on("end", finish);
  stream.on("close", finish);
  // The worker's end shows on its process; a broken pipe here adds nothing.
  stream.on("error", report);
}

/** Control characters as visible escapes, so that no line can move a cursor, hide text or forge another line. */
export function escapeControls(text: string): string {
  return text
    .replace(/\r$/, "")
    .replace(/[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u2028\u2029]/g, (character) => {
      return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
    });
}

/** The last `maxChars` characters of what was written, for the report of a process's end. */
export class Tail {
  readonly #maxChars: number;
  #text = "";

  constructor(maxChars = 8192) {
    this.#maxChars = maxChars;
  }

  add(line: string): void {
    this.#text = `${this.#text}${line}\n`.slice(-this.#maxChars);
  }

  get text(): string {
    return this.#text;
  }
}
