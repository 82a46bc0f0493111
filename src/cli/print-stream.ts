// A stream onto stdout, a line for each item as it comes. Whoever reads there sets the pace and, by going away, the end.

import type { SpliceStream } from "../contract/stream-handle.js";

/** Calls `gone` when nobody reads stdout any more. What there is to say of it, main.ts says. Returns how to stop. */
export function whenUnread(gone: () => void): () => void {
  process.stdout.on("error", gone);
  return () => process.stdout.off("error", gone);
}

/** `lineOf` gives an item's line without its end, undefined for none. Resolves at the end, also when nobody reads any more. */
export async function printStream(
  stream: SpliceStream,
  lineOf: (item: unknown) => string | undefined,
): Promise<void> {
  const { stdout } = process;
  const items = stream[Symbol.asyncIterator]();
  let isGone = false as boolean;
  let goOn: () => void = () => undefined;
  const drained = (): void => {
    goOn();
  };
  stdout.on("drain", drained);
  const stopListening = whenUnread(() => {
    isGone = true;
    goOn();
    void items.return?.();
  });
  try {
    for await (const item of items) {
      const line = lineOf(item);
      if (line === undefined || stdout.write(`${line}\n`) || isGone) continue;
      await new Promise<void>((resolve) => {
        goOn = resolve;
      });
    }
  } finally {
    stdout.off("drain", drained);
    stopListening();
  }
}
