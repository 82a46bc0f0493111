// splice dev: a supervisor for whoever writes the functions. It reloads at each edit, shows what happens, and where the
// functions cannot be served it stays and waits for an edit that mends them.

import { filesToMend } from "../../actors/compile-error.js";
import { messageOf } from "../../errors.js";
import type { ResolvedConfig } from "../../config/types.js";
import { startSplice } from "../../host/start-splice.js";
import type { EmbeddedSplice } from "../../system/embedded-splice.js";
import { debugged, tellingDebuggers } from "../debug.js";
import { type Edits, watchEdits } from "../dev/edits.js";
import { openScreen } from "../dev/screen.js";
import { openPlainView, type View } from "../dev/view.js";
import { exitCodes, sentenceOf } from "../exit.js";
import { Foreground } from "../foreground.js";
import type { CommonOptions } from "../options.js";
import { namingFile, openProject, resolveProject, socketOf, type Project } from "../project.js";
import { announceServing } from "../serving.js";

export interface DevCommandOptions extends CommonOptions {
  readonly debug?: string;
}

/** What an edit of the functions can mend. By name, since they are thrown by parts that are loaded late. */
const mendable = ["CompileError", "FunctionNamesError", "StartError", "BuildError"];

/** Resolves with the exit code: 0 after a stop that was asked for, 1 when the supervisor failed. */
export async function runDev(options: DevCommandOptions): Promise<number> {
  const project = developing(await openProject(options));
  const resolved = await resolveProject(project, options, 1);
  const config = options.debug === undefined ? resolved : debugged(resolved, options.debug);
  const socket = socketOf(project, config);
  const session = new DevSession(project, config, options);
  try {
    const splice = await session.start();
    await announceServing(splice, socket);
    await splice.ended;
    await splice.close();
    const { state } = await splice.status();
    session.close();
    // The screen that is back shows nothing of what was.
    process.stderr.write(
      state === "failed" ? "The supervisor has failed.\n" : "The supervisor has stopped.\n",
    );
    return state === "failed" ? exitCodes.failed : exitCodes.ok;
  } catch (error) {
    if (session.isStopping) return exitCodes.ok;
    throw error;
  } finally {
    session.close();
  }
}

/** Whatever the configuration says: this command is for development. */
function developing(project: Project): Project {
  const { written } = project;
  return typeof written === "object" && written !== null
    ? { ...project, written: { ...written, dev: true } }
    : project;
}

class DevSession {
  readonly #project: Project;
  readonly #config: ResolvedConfig;
  readonly #options: DevCommandOptions;
  readonly #view: View;
  readonly #foreground: Foreground;

  constructor(project: Project, config: ResolvedConfig, options: DevCommandOptions) {
    this.#project = project;
    this.#config = config;
    this.#options = options;
    this.#view = this.#openView();
    this.#foreground = new Foreground(this.#view.log);
  }

  get isStopping(): boolean {
    return this.#foreground.isStopping;
  }

  /** Resolves when it serves, after however many edits that takes. Rejects when no edit could help. */
  async start(): Promise<EmbeddedSplice> {
    // Beside the first attempt, which takes longer.
    const watching = this.#watchEdits();
    try {
      for (;;) {
        try {
          const splice = await this.#attempt();
          const edits = await watching;
          this.#foreground.onEarlyReload = null;
          // What changed while the workers started may not be in what they run.
          if (edits?.hasChanged === true) this.#foreground.reload("an edit");
          this.#foreground.adopt(splice);
          this.#view.serving(splice);
          return splice;
        } catch (error) {
          const edits = this.#toWaitFor(error, await watching);
          await edits.next(this.#foreground.signal);
          edits.forget();
          if (this.isStopping) throw error;
          this.#view.retrying();
        }
      }
    } finally {
      this.#foreground.onEarlyReload = null;
      (await watching)?.close();
    }
  }

  async #watchEdits(): Promise<Edits | null> {
    const edits = await watchEdits(this.#config, (sentence) => {
      this.#view.log.warn(sentence);
    });
    if (edits !== null)
      this.#foreground.onEarlyReload = () => {
        edits.touch();
      };
    return edits;
  }

  close(): void {
    this.#foreground.close();
    this.#view.close();
  }

  #attempt(): Promise<EmbeddedSplice> {
    const { logLevel, debug } = this.#options;
    const { log } = this.#view;
    const told =
      debug === undefined
        ? log
        : tellingDebuggers(log, (worker, url) => {
            this.#view.debugger(worker, url);
          });
    const options = { log: told, logLevel, isWatching: true, signal: this.#foreground.signal };
    return namingFile(this.#project, () => startSplice(this.#config, options));
  }

  /** @throws `error` itself when no edit could mend it. */
  #toWaitFor(error: unknown, edits: Edits | null): Edits {
    const name = error instanceof Error ? error.name : "";
    if (edits === null || this.isStopping || !mendable.includes(name)) throw error;
    edits.add(filesToMend(error));
    this.#view.waiting(this.#options.verbose === true ? messageOf(error) : sentenceOf(error));
    return edits;
  }

  #openView(): View {
    const { logLevel: level, json } = this.#options;
    const isScreen = process.stdout.isTTY && json !== true && process.env["TERM"] !== "dumb";
    if (!isScreen) return openPlainView({ level, isJson: json === true });
    return openScreen({
      folder: this.#project.folder,
      level,
      onReload: (why) => {
        this.#foreground.reload(why);
      },
      onStop: (why) => {
        this.#foreground.stop(why);
      },
    });
  }
}
