// Ctrl-C for commands that end by themselves: the first signal ends what the command waits for, further ones change
// nothing, so that what the command has started is brought down and not left behind.

import { listenForStopSignals } from "../actors/signals.js";
import { isSpliceError } from "../errors.js";

/** Runs `run`; its signal is aborted, with a sentence as the reason, by SIGINT or SIGTERM. */
export async function interruptible<Result>(run: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
  const controller = new AbortController();
  const stopListening = listenForStopSignals({
    onStop: (name) => {
      controller.abort(new Error(`The command was stopped by ${name}.`));
    },
  });
  try {
    return await run(controller.signal);
  } catch (error) {
    // Whatever failed on account of the signal, the signal is what the person has to be told of; a cancelled call says
    // more, namely whether it may have run.
    const isCancelled = isSpliceError(error) && error.code === 2002;
    throw controller.signal.aborted && !isCancelled ? controller.signal.reason : error;
  } finally {
    stopListening();
  }
}

/** Rejects when `signal` is aborted, for waits that take no signal. */
export async function unlessAborted<Value>(signal: AbortSignal, value: Promise<Value>): Promise<Value> {
  let stop: () => void = () => undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => {
      reject(signal.reason as Error);
    };
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
  try {
    return await Promise.race([value, aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
