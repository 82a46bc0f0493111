// The signals that ask a program to stop. The only place that listens to them; what follows is the caller's business.

/** Calls `onStop` for each SIGTERM, SIGINT and SIGHUP (the terminal is gone) until the returned function is called. */
export function listenForStopSignals(onStop: (signal: NodeJS.Signals) => void): () => void {
  const signals = ["SIGTERM", "SIGINT", "SIGHUP"] as const;
  for (const signal of signals) process.on(signal, onStop);
  return () => {
    for (const signal of signals) process.removeListener(signal, onStop);
  };
}
