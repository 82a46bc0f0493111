// One call of stream() over a link: read at once, sent when the link is up. Knows how a stream waits for the link, but
// neither sockets nor frames.

import { inputOf } from "../contract/caller-input.js";
import type { IncomingStream } from "../contract/incoming-stream.js";
import { StreamReading } from "../contract/reading.js";
import type { StreamOptions } from "../contract/splice.js";
import type { Clock } from "../time.js";
import { checkCall, type CheckedCall } from "./checked-call.js";
import type { ClientConnection, StreamWire } from "./connection.js";
import type { Link } from "./link.js";
import { waitForLink } from "./waiting-call.js";

/** @throws SpliceError for what cannot be sent at all. */
export function openStream(
  link: Link,
  clock: Clock,
  name: string,
  params: unknown,
  options: StreamOptions | undefined,
): IncomingStream {
  const input = inputOf(name, options);
  try {
    return open(link, clock, checkCall(name, params, options, input), options);
  } catch (error) {
    input?.stop();
    throw error;
  }
}

function open(
  link: Link,
  clock: Clock,
  call: CheckedCall,
  options: StreamOptions | undefined,
): IncomingStream {
  const { reading, send, unwanted } = prepare(call, clock, options);
  if (link.connection !== null) send(link.connection, call.timeoutMs);
  else {
    waitForLink(
      link,
      clock,
      { ...call, signal: unwanted },
      // Without a time of its own it waits for the link as every call does, and then has none.
      (connection, leftMs) => {
        send(connection, call.timeoutMs === undefined ? undefined : leftMs);
      },
      (error) => {
        reading.failed(error);
      },
    );
  }
  return reading.items;
}

/** As openStream, on this one connection, which the stream does not outlive. */
export function openStreamOn(
  connection: ClientConnection,
  clock: Clock,
  name: string,
  params: unknown,
  options: StreamOptions | undefined,
): IncomingStream {
  const call = checkCall(name, params, options, null);
  const { reading, send } = prepare(call, clock, options);
  send(connection, call.timeoutMs);
  return reading.items;
}

interface Prepared {
  readonly reading: StreamReading;
  readonly send: (connection: ClientConnection, timeoutMs: number | undefined) => void;
  /** Aborted when its reader wants no more of it. */
  readonly unwanted: AbortSignal;
}

function prepare(call: CheckedCall, clock: Clock, options: StreamOptions | undefined): Prepared {
  const unwanted = new AbortController();
  let wire: StreamWire | null = null;
  const reading = new StreamReading(call.functionName, options, {
    clock,
    acknowledge: (sequence, window) => wire?.acknowledge(sequence, window),
    cancel: () => {
      unwanted.abort();
      wire?.cancel();
    },
    over: () => call.input?.stop(),
  });
  const send = (connection: ClientConnection, timeoutMs: number | undefined): void => {
    try {
      wire = connection.sendStream(call, timeoutMs, reading);
    } catch (error) {
      reading.failed(error);
    }
  };
  return { reading, send, unwanted: unwanted.signal };
}
