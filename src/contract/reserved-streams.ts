// The supervisor's own functions that stream: their names, and what those who read them get. Pure.

/** Read with stream(); a plain call of one is refused. */
export const reservedStreams: ReadonlySet<string> = new Set([
  "splice.events",
  "splice.inspect",
  "splice.logs",
]);

/** What `splice.logs` yields: one line of the supervisor's log. */
export interface LogLine {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly level: "debug" | "info" | "warn" | "error";
  /** Who said it, or whom it is about, such as "app:1"; null: the supervisor itself. */
  readonly worker: string | null;
  readonly message: string;
  /** In a line that stands for those which this reader was too slow for, `dropped` is their number. */
  readonly fields: Readonly<Record<string, unknown>>;
}
