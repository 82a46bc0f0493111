// splice logs: the supervisor's log, as much as it keeps of it, and with --follow what comes.

import { isatty } from "node:tty";
import type { LogLine } from "../../contract/reserved-streams.js";
import type { LogLevel } from "../../log.js";
import { isColourWanted, prettyLine } from "../../system/pretty-line.js";
import { interruptible } from "../interrupt.js";
import { toJson } from "../../contract/json.js";
import type { CommonOptions } from "../options.js";
import { printStream } from "../print-stream.js";
import { findSocket } from "../project.js";
import { connectTo, streamFrom } from "../supervisor.js";

export interface LogsCommandOptions extends CommonOptions {
  readonly follow?: boolean;
  readonly tail?: number;
}

const levels: readonly LogLevel[] = ["debug", "info", "warn", "error"];

export async function runLogs(options: LogsCommandOptions): Promise<void> {
  const socket = await findSocket(options);
  const { follow = false, tail, logLevel } = options;
  await interruptible(async (signal) => {
    const connection = await connectTo(socket, signal);
    try {
      const params = { follow, ...(tail === undefined ? {} : { tail }) };
      await printStream(streamFrom(connection, "splice.logs", params, { signal }), (item) => {
        const line = item as LogLine;
        if (!isShown(line, logLevel)) return undefined;
        return options.json === true ? toJson(line) : textOf(line);
      });
    } catch (error) {
      // That is how a person ends it.
      if (!signal.aborted) throw error;
    } finally {
      connection.close();
    }
  });
}

/** Lines that are missing are told of at any level: theirs is not known. */
function isShown({ level, worker, fields }: LogLine, lowest: LogLevel): boolean {
  const isLoss = worker === null && "dropped" in fields;
  return isLoss || levels.indexOf(level) >= levels.indexOf(lowest);
}

function textOf({ atMs, level, worker, message, fields }: LogLine): string {
  const isColoured = isatty(process.stdout.fd) && isColourWanted;
  const time = new Date(atMs).toISOString();
  return prettyLine({ fields, level, time, message, worker: worker ?? undefined }, isColoured);
}
