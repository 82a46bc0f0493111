// splice inspect: the statecharts of a running supervisor, as they change: in Stately's inspector in a browser, or as
// lines of JSON. The page outlives the supervisor, and shows the one that comes after it.

import type { Subscription } from "rxjs";
import { Link } from "../../client/link.js";
import { remoteStream } from "../../client/remote-events.js";
import type { InspectionEvent } from "../../contract/inspection.js";
import { isSpliceError, messageOf } from "../../errors.js";
import { realClock } from "../../time.js";
import { UsageError } from "../exit.js";
import { PageServer } from "../inspect/page-server.js";
import { StatelyFrames } from "../inspect/stately-frames.js";
import { interruptible } from "../interrupt.js";
import { toJson } from "../../contract/json.js";
import { statelyPage, type CommonOptions } from "../options.js";
import { printStream } from "../print-stream.js";
import { findSocket } from "../project.js";
import { connectTo, streamFrom } from "../supervisor.js";

export interface InspectCommandOptions extends CommonOptions {
  readonly stately?: boolean;
  readonly inspector?: URL;
  readonly port?: number;
}

export async function runInspect(options: InspectCommandOptions): Promise<void> {
  const { stately = false, json = false, inspector, port } = options;
  if (!stately && !json) {
    throw new UsageError(
      "`splice inspect` has no page of its own yet: --stately shows the charts in Stately's inspector, --json prints what happens in them.",
    );
  }
  if (!stately && (inspector !== undefined || port !== undefined))
    throw new UsageError("--inspector and --port are about the page of --stately, which was not asked for.");
  const socket = await findSocket(options);
  await interruptible(async (signal) => {
    try {
      await (stately ? showStately(socket, options, signal) : printItems(socket, signal));
    } catch (error) {
      // That is how a person ends it.
      if (!signal.aborted) throw error;
    }
  });
}

async function printItems(socket: string, signal: AbortSignal): Promise<void> {
  const connection = await connectTo(socket, signal);
  try {
    await printStream(streamFrom(connection, "splice.inspect", undefined, { signal }), (item) =>
      toJson(item),
    );
  } catch (error) {
    if (!isSpliceError(error) || error.code !== 3003) throw error;
    throw new Error("The supervisor is gone, without having said that it stops.");
  } finally {
    connection.close();
  }
}

/** Until it is interrupted, or the supervisor refuses to be watched. */
async function showStately(
  socket: string,
  { inspector = new URL(statelyPage), port = 0, json = false }: InspectCommandOptions,
  signal: AbortSignal,
): Promise<void> {
  const link = new Link({
    clock: realClock,
    random: Math.random,
    open: (giveUp) => connectTo(socket, AbortSignal.any([giveUp, signal])),
  });
  const frames = new StatelyFrames();
  let page: PageServer | null = null;
  let watching: Subscription | null = null;
  try {
    await link.start(0);
    page = await PageServer.open({ inspector, port, present: () => frames.present() });
    const shown = page;
    process.stdout.write(`${json ? JSON.stringify({ url: shown.url }) : shown.url}\n`);
    await new Promise<void>((resolve, reject) => {
      signal.addEventListener("abort", () => {
        resolve();
      });
      if (signal.aborted) resolve();
      const interruptions = new Interruptions();
      const fail = (error: unknown): void => {
        reject(error instanceof Error ? error : new Error(messageOf(error)));
      };
      const take = (item: InspectionEvent): void => {
        const told = frames.take(item);
        if (told === null) shown.reset();
        else shown.tell(told);
        if (item.type !== "inspection.began") return;
        interruptions.isSaid = false;
        sayWho(item.pid);
      };
      watching = remoteStream<InspectionEvent>(link, realClock, Math.random, "splice.inspect", (error) => {
        interruptions.say(error);
      }).subscribe({
        next: (item) => {
          // Thrown from here it would end the process by itself.
          try {
            take(item);
          } catch (error) {
            fail(error);
          }
        },
        error: fail,
        complete: resolve,
      });
    });
  } finally {
    (watching as Subscription | null)?.unsubscribe();
    link.close()?.close();
    await page?.close();
  }
}

/** Why nothing is shown for now: said once, until something is. */
class Interruptions {
  isSaid = false;

  say(error: unknown): void {
    if (this.isSaid) return;
    this.isSaid = true;
    const isLost = isSpliceError(error) && error.code === 3003;
    const why = isLost ? "The supervisor is gone." : messageOf(error);
    process.stderr.write(`${why} It is tried again until Ctrl-C.\n`);
  }
}

function sayWho(pid: number): void {
  process.stderr.write(`Shown is the supervisor of process ${String(pid)}. Ctrl-C ends this.\n`);
}
