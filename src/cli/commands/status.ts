// splice status: the supervisor's own picture of itself, once, or again whenever something happens there.

import type { ClientConnection } from "../../client/connection.js";
import { interruptible } from "../interrupt.js";
import { toJson } from "../../contract/json.js";
import type { CommonOptions } from "../options.js";
import { findSocket } from "../project.js";
import { whenUnread } from "../print-stream.js";
import { Pulse } from "../pulse.js";
import { statusLines } from "../status-text.js";
import { askStatus, connectTo, streamFrom } from "../supervisor.js";
import { realClock } from "../../time.js";

export interface StatusCommandOptions extends CommonOptions {
  readonly watch?: boolean;
}

export async function runStatus(options: StatusCommandOptions): Promise<void> {
  const socket = await findSocket(options);
  await interruptible(async (signal) => {
    const connection = await connectTo(socket, signal);
    try {
      if (options.watch === true) await watch(connection, options, signal);
      else await show(connection, options, signal);
    } finally {
      connection.close();
    }
  });
}

async function show(
  connection: ClientConnection,
  options: StatusCommandOptions,
  signal: AbortSignal,
): Promise<void> {
  const status = await askStatus(connection, signal);
  const text = options.json === true ? toJson(status) : statusLines(status).join("\n");
  process.stdout.write(`${String(text)}\n`);
}

/** Ends when it is interrupted, which is how a person ends watching, or by rejecting when the supervisor goes away. */
async function watch(
  connection: ClientConnection,
  options: StatusCommandOptions,
  interrupted: AbortSignal,
): Promise<void> {
  const isScreen = process.stdout.isTTY && options.json !== true;
  const pulse = new Pulse(realClock);
  // A reader that went away (`splice status --watch | head -1`) wants no more either.
  const unread = new AbortController();
  const stopListening = whenUnread(() => {
    unread.abort();
  });
  const signal = AbortSignal.any([interrupted, unread.signal]);
  void followEvents(connection, pulse, signal);
  let drawn = 0;
  try {
    while (!signal.aborted) {
      if (isScreen) drawn = redraw(statusLines(await askStatus(connection, signal)), drawn);
      else {
        await show(connection, options, signal);
        if (options.json !== true) process.stdout.write("\n");
      }
      await pulse.next(signal);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    stopListening();
  }
}

/** Until the supervisor tells no more; how it ended shows when its status is asked for. */
async function followEvents(connection: ClientConnection, pulse: Pulse, signal: AbortSignal): Promise<void> {
  const events = streamFrom(connection, "splice.events", undefined, { signal });
  try {
    for await (const _ of events) pulse.changed();
  } catch {
    // As above.
  }
  pulse.changed();
}

/** Writes over the `drawn` lines above the cursor; what the screen cannot show is cut. Returns the lines drawn. */
function redraw(lines: readonly string[], drawn: number): number {
  const { columns, rows } = process.stdout;
  const shown = lines.slice(0, Math.max(1, rows - 1)).map((line) => line.slice(0, columns));
  const up = drawn === 0 ? "" : `\u001b[${drawn}A`;
  process.stdout.write(`${up}\u001b[J${shown.join("\n")}\n`);
  return shown.length;
}
