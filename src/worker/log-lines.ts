// Log lines of functions as LogEvents: fields as text, with the call they belong to. Drops and counts lines while
// the link is full, so that a function that logs in a loop cannot fill the memory.

import type { LogEvent } from "../protocol/messages.js";
import { isProtocolError } from "../protocol/protocol-error.js";
import type { LogSink } from "./call-context.js";
import { shownText, unshown } from "./json-text.js";
import type { Link } from "./link.js";

export function createLogSink(link: Link): LogSink {
  let dropped = 0;

  function send(event: LogEvent): void {
    if (!sendLine(link, event)) dropped++;
  }

  return ({ requestId, functionName }, level, message, fields = {}) => {
    if (link.isFull) {
      dropped++;
      return;
    }
    if (dropped > 0) {
      const text = `${String(dropped)} log lines were dropped, since they were too long or came faster than they were read.`;
      dropped = 0;
      send({ type: "LogEvent", level: "warn", message: text, fields: [] });
    }
    const own: [string, string][] = [
      ["request_id", String(requestId)],
      ["function", functionName],
    ];
    for (const [name, value] of Object.entries(fields)) {
      if (value !== undefined && name !== "request_id" && name !== "function")
        own.push([name, textOf(value)]);
    }
    send({ type: "LogEvent", level, message: textOf(message), fields: own });
  };
}

/** False when the line is too long for a frame; nothing is sent then. */
export function sendLine(link: Link, event: LogEvent): boolean {
  try {
    link.send(event);
    return true;
  } catch (error) {
    if (!isProtocolError(error)) throw error;
    return false;
  }
}

function textOf(value: unknown): string {
  try {
    if (value instanceof Error) return shownText(value.stack ?? `${value.name}: ${value.message}`);
  } catch {
    return unshown;
  }
  return shownText(value);
}
