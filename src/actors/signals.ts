// The signals that ask a program to stop, or to look again at what it runs. The only place that listens to them; what
// follows is the caller's business.

/** SIGHUP: the terminal is gone, or, where a program has none, it is to look again at what it runs. */
export interface SignalListeners {
  readonly onStop: (signal: NodeJS.Signals) => void;
  /** Default: `onStop`. */
  readonly onHangup?: (signal: NodeJS.Signals) => void;
}

/** Calls `onStop` for each SIGTERM and SIGINT, and for SIGHUP one of the two, until the returned function is called. */
export function listenForStopSignals({ onStop, onHangup = onStop }: SignalListeners): () => void {
  const listeners = [
    ["SIGTERM", onStop],
    ["SIGINT", onStop],
    ["SIGHUP", onHangup],
  ] as const;
  for (const [signal, listener] of listeners) process.on(signal, listener);
  return () => {
    for (const [signal, listener] of listeners) process.removeListener(signal, listener);
  };
}
