// Says that files a pool is made from have changed: its folder with all below it, and whatever else went into its last
// build. It says so at the first sign; whether a file lies still, and whether it makes a difference, others find out.

import { statSync, type Stats } from "node:fs";
import { dirname, extname, relative, sep } from "node:path";
import type { FSWatcher, watch as watchPaths } from "chokidar";
import { fromCallback, type AnyEventObject, type CallbackActorLogic } from "xstate";
import { messageOf } from "../errors.js";
import type { FilesFact } from "../machines/reload/events.js";
import type { Log } from "../log.js";
import type { Clock, TimerHandle } from "../time.js";
import type { LaunchBook } from "./launch-book.js";
import { areSame, readStates } from "./still-files.js";

export interface WatcherPorts {
  readonly clock: Clock;
  readonly log: Log;
  readonly launches: LaunchBook;
}

/** What can be imported; other files of the folder count where a build has read them. */
const sourceExtensions: ReadonlySet<string> = new Set([
  ".ts",
  ".mts",
  ".cts",
  ".tsx",
  ".js",
  ".mjs",
  ".cjs",
  ".jsx",
  ".json",
]);

/** A little longer than chokidar's own. */
const keptBackMs = 60;

/** Whether a folder is there, and is the same, is looked at this often. */
const lookMs = 250;

export function createWatcherActor(
  ports: WatcherPorts,
): CallbackActorLogic<AnyEventObject, { readonly pool: string }> {
  return fromCallback<AnyEventObject, { readonly pool: string }>(({ input, sendBack }) => {
    const report: (fact: FilesFact) => void = sendBack;
    const watch = new Watch(ports, input.pool, () => {
      report({ type: "files.changed" });
    });
    watch.start().catch((error: unknown) => {
      ports.log.warn(
        `Changes of pool ${input.pool} go unnoticed, since its files cannot be watched: ${messageOf(error)}`,
      );
    });
    return () => {
      watch.stop();
    };
  });
}

class Watch {
  readonly #ports: WatcherPorts;
  readonly #pool: string;
  readonly #onChange: () => void;
  readonly #roots: readonly string[];
  readonly #watched = new Set<string>();
  /** Files outside the roots that went into the last build and were deleted: chokidar does not wait for them. */
  readonly #missing = new Set<string>();
  /** Of the roots, as they were last seen. */
  readonly #identities = new Map<string, string | null>();
  readonly #lookingAgain = new Map<string, TimerHandle>();
  #watcher: FSWatcher | null = null;
  #looking: TimerHandle;
  #unfollow: () => void = () => undefined;
  #isStopped = false;

  constructor(ports: WatcherPorts, pool: string, onChange: () => void) {
    this.#ports = ports;
    this.#pool = pool;
    this.#onChange = onChange;
    this.#roots = ports.launches.latest(pool)?.artefact?.watch ?? [];
  }

  async start(): Promise<void> {
    if (this.#roots.length === 0) return;
    // Loaded here, so that a program that watches nothing never loads it.
    const { watch } = await import("chokidar");
    if (this.#isStopped) return;
    this.#begin(watch);
    this.#unfollow = this.#ports.launches.follow(this.#pool, () => {
      this.#addInputs();
    });
    this.#look(watch);
  }

  /** Anew for each time that a root is another folder than before: a watch ends with what it watched. */
  #begin(watch: typeof watchPaths): void {
    const { log } = this.#ports;
    void this.#watcher?.close();
    this.#watched.clear();
    this.#watcher = watch([...this.#roots], {
      ignoreInitial: true,
      // A save by rename is told as one change, within this many milliseconds.
      atomic: 20,
      ignored: (path) => this.#isIgnored(path),
    });
    this.#watcher.on("all", (event, path) => {
      if (event.startsWith("unlink") && this.#roots.includes(path)) this.#noteGone(path);
      if (event === "unlink" && this.#watched.delete(path)) this.#missing.add(path);
      if (event !== "addDir" && this.#matters(path)) this.#tell(path);
    });
    this.#watcher.on("error", (error) => {
      log.warn(
        `Changes of pool ${this.#pool} may go unnoticed: ${messageOf(error)}. Where too many files are watched, raise fs.inotify.max_user_watches.`,
      );
    });
    this.#watcher.once("ready", () => void this.#lookForEarlier());
    this.#addInputs();
  }

  /** chokidar keeps further changes of a file to itself for 50 ms; what came in that time is told then. */
  #tell(path: string): void {
    const { clock } = this.#ports;
    const seen = stateOf(path);
    clock.clearTimeout(this.#lookingAgain.get(path));
    this.#lookingAgain.set(
      path,
      clock.setTimeout(() => {
        this.#lookingAgain.delete(path);
        if (stateOf(path) !== seen) this.#tell(path);
      }, keptBackMs),
    );
    this.#onChange();
  }

  /** What was changed after it was built, and before it was watched. */
  async #lookForEarlier(): Promise<void> {
    const inputs = this.#ports.launches.latest(this.#pool)?.artefact?.inputs;
    if (inputs === undefined || areSame(inputs, await readStates(inputs.keys()))) return;
    if (!this.#isStopped) this.#onChange();
  }

  stop(): void {
    this.#isStopped = true;
    this.#unfollow();
    this.#ports.clock.clearTimeout(this.#looking);
    for (const timer of this.#lookingAgain.values()) this.#ports.clock.clearTimeout(timer);
    void this.#watcher?.close();
  }

  /** What was built in lies where it lies. */
  #addInputs(): void {
    for (const file of this.#ports.launches.inputs(this.#pool)) {
      if (
        this.#watched.has(file) ||
        this.#missing.has(file) ||
        this.#roots.some((root) => isInside(root, file))
      )
        continue;
      this.#watched.add(file);
      this.#watcher?.add(file);
    }
  }

  #matters(path: string): boolean {
    return (
      sourceExtensions.has(extname(path)) ||
      this.#roots.includes(path) ||
      this.#isNamed(path) ||
      this.#ports.launches.inputs(this.#pool).includes(path)
    );
  }

  /** The pool is told to watch it, whatever it is. */
  #isNamed(path: string): boolean {
    const named = this.#ports.launches.latest(this.#pool)?.pool.watch ?? [];
    return named.some((root) => isInside(root, path));
  }

  #isIgnored(path: string): boolean {
    const root = this.#roots.find((each) => isInside(each, path));
    if (root === undefined) return false;
    return relative(root, path)
      .split(sep)
      .some((part) => part === "node_modules" || part.startsWith(".") || part.endsWith("~"));
  }

  /** Though it may be back before it is looked at, as it was: chokidar has let go of it. */
  #noteGone(root: string): void {
    if (this.#identities.get(root) === null) return;
    this.#identities.set(root, null);
    this.#ports.log.warn(`${root} is gone; pool ${this.#pool} goes on with what it has until it is back.`);
  }

  /**
   * A watch ends with its folder, and one that was taken away and put back in one breath tells nothing of it; so the places
   * are looked at every now and then. One that comes back is a change, and is watched again.
   */
  #look(watch: typeof watchPaths): void {
    this.#looking = this.#ports.clock.setTimeout(() => {
      this.#look(watch);
    }, lookMs);
    for (const file of this.#missing) {
      if (stateOf(file) === null) continue;
      this.#missing.delete(file);
      this.#addInputs();
      this.#onChange();
    }
    let isAnother = false;
    for (const root of this.#roots) {
      const identity = identityOf(root);
      const before = this.#identities.get(root);
      if (before === undefined) this.#identities.set(root, identity);
      if (before === undefined || before === identity) continue;
      if (identity === null) this.#noteGone(root);
      else isAnother = true;
      this.#identities.set(root, identity);
      this.#onChange();
    }
    if (isAnother) this.#begin(watch);
  }
}

/** Whatever cannot be looked at counts as not there: a folder that has become a file, one that may not be entered. */
function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

function stateOf(path: string): string | null {
  const found = statOf(path);
  return found === undefined ? null : `${String(found.ino)} ${String(found.size)} ${String(found.mtimeMs)}`;
}

/** Null when there is nothing. The number alone is soon given to another. */
function identityOf(path: string): string | null {
  const found = statOf(path);
  return found === undefined ? null : `${String(found.ino)} ${String(found.birthtimeMs)}`;
}

function isInside(root: string, path: string): boolean {
  return path === root || path.startsWith(`${root}${sep}`) || dirname(path) === root;
}
