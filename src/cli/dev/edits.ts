// Edits of what pools are made from, while there is no supervisor yet that could watch them.

import { messageOf } from "../../errors.js";
import type { ResolvedConfig } from "../../config/types.js";

export interface Edits {
  /** Something has changed since `forget`. */
  readonly hasChanged: boolean;
  forget(): void;
  /** Resolves at the next change, at once when there was one since `forget`, or when `signal` is aborted. */
  next(signal: AbortSignal): Promise<void>;
  /** These are watched as well. */
  add(files: readonly string[]): void;
  /** As a change. */
  touch(): void;
  close(): void;
}

/** A file is written in several steps; one that is half written need not be told of. */
const settleMs = 50;

/** Null: there is nothing that could be edited. Resolves when they are watched. */
export async function watchEdits(
  config: ResolvedConfig,
  onWarning: (sentence: string) => void,
): Promise<Edits | null> {
  const paths = config.pools.flatMap(({ source, watch }) => [
    ...(source.kind === "functions" ? [source.folder] : []),
    ...watch,
  ]);
  if (paths.length === 0) return null;
  const { watch } = await import("chokidar");
  const watcher = watch(paths, {
    ignoreInitial: true,
    ignored: /[/\\](?:node_modules|\.git|\.splice)(?:[/\\]|$)/,
  });
  let hasChanged = false;
  let heard: () => void = () => undefined;
  const touch = (): void => {
    hasChanged = true;
    heard();
  };
  watcher.on("all", touch);
  watcher.on("error", (error) => {
    onWarning(
      `Edits may go unnoticed: ${messageOf(error)}. Where too many files are watched, raise fs.inotify.max_user_watches.`,
    );
  });
  await new Promise<void>((resolve) => {
    watcher.once("ready", resolve);
  });
  return {
    get hasChanged() {
      return hasChanged;
    },
    forget: () => {
      hasChanged = false;
    },
    next: (signal) =>
      new Promise((resolve) => {
        heard = () => {
          setTimeout(resolve, settleMs);
        };
        if (hasChanged || signal.aborted) heard();
        signal.addEventListener("abort", heard, { once: true });
      }),
    add: (files) => {
      watcher.add([...files]);
    },
    touch,
    close: () => void watcher.close(),
  };
}
