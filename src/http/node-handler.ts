// Functions behind HTTP for Node's own server, and for the frameworks that stand on it. Knows no framework.

import type { IncomingMessage, ServerResponse } from "node:http";
import { backgroundClock } from "../time.js";
import { type Answer, errorAnswer, refuse, Refusal } from "./answer.js";
import { alreadyRead } from "./body.js";
import { type HttpCallee, HttpCalls } from "./http-calls.js";
import { type HttpOptions, resolveHttpOptions } from "./options.js";
import { isCallPath } from "./route.js";

/** `next` is called for requests that are not for functions; without it they are answered with 404. */
export type NodeHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  next?: (error?: unknown) => void,
) => void;

/**
 * As `toFetchHandler`, for `createServer` of node:http, and as middleware of what has its (request, response, next). Must
 * stand before whatever reads bodies, such as `express.json()`.
 *
 * @throws ConfigError for options that make no sense.
 */
export function toNodeHandler(splice: HttpCallee, options?: HttpOptions): NodeHandler {
  const resolved = resolveHttpOptions(options);
  const calls = new HttpCalls(splice, resolved, backgroundClock);
  return (incoming, outgoing, next) => {
    const [path = ""] = (incoming.url ?? "").split("?", 1);
    if (next !== undefined && !isCallPath(path, resolved.basePath)) {
      next();
      return;
    }
    const gone = new AbortController();
    outgoing.once("close", () => {
      gone.abort();
    });
    answer(calls, incoming, gone.signal)
      .then((answered) => write(answered, outgoing))
      .catch((error: unknown) => {
        // It was answered already, by somebody else.
        if (next === undefined) outgoing.destroy();
        else next(error);
      });
  };
}

async function answer(calls: HttpCalls, incoming: IncomingMessage, signal: AbortSignal): Promise<Answer> {
  let request: Request;
  try {
    request = requestOf(incoming);
  } catch (error) {
    const refusal = refuse(400, "The request has a path or headers that make no sense.");
    return errorAnswer(error instanceof Refusal ? error : refusal, false);
  }
  return calls.answer(request, signal);
}

/** The address is the client's word, but for the path: no header may lead to another function. */
function requestOf(incoming: IncomingMessage): Request {
  const { method = "", url = "", rawHeaders } = incoming;
  const headers = new Headers();
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? "";
    // Those of HTTP/2 that are no headers begin with a colon.
    if (!name.startsWith(":")) headers.append(name, rawHeaders[at + 1] ?? "");
  }
  const named = headers.get("host") ?? "";
  const host = /^[\w.-]+(?::\d{1,5})?$|^\[[\da-fA-F:.]+\](?::\d{1,5})?$/.test(named) ? named : "localhost";
  const scheme = "encrypted" in incoming.socket ? "https" : "http";
  const address = `${scheme}://${host}${url.startsWith("/") ? url : `/${url}`}`;
  if (method === "POST")
    return new Request(address, { method, headers, body: bodyOf(incoming), duplex: "half" });
  // A Request has no such methods as TRACE. What counts is that none of them is ours.
  const isPossible = !/^(?:CONNECT|TRACE|TRACK)$/i.test(method);
  return new Request(address, { method: isPossible ? method : "OPTIONS", headers });
}

/** As Readable.toWeb, but a reader that leaves does not take the connection with it: there is an answer to come. */
function bodyOf(incoming: IncomingMessage): ReadableStream<Uint8Array> {
  if (incoming.readableDidRead) throw alreadyRead();
  const chunks: AsyncIterator<Uint8Array> = incoming.iterator({ destroyOnReturn: false });
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const step = await chunks.next();
        if (step.done === true) controller.close();
        else controller.enqueue(step.value);
      },
      async cancel() {
        await chunks.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}

async function write({ status, headers, body }: Answer, outgoing: ServerResponse): Promise<void> {
  outgoing.statusCode = status;
  for (const [name, value] of Object.entries(headers)) outgoing.setHeader(name, value);
  if (body === null || typeof body === "string") {
    outgoing.end(body ?? undefined);
    return;
  }
  outgoing.flushHeaders();
  const reader = body.getReader();
  const leave = (): void => {
    reader.cancel().catch(() => undefined);
  };
  outgoing.once("close", leave);
  // It may have gone before anybody listened.
  if (outgoing.destroyed) leave();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    if (!outgoing.write(value)) await untilDrained(outgoing);
  }
  outgoing.end();
}

function untilDrained(outgoing: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const go = (): void => {
      outgoing.off("drain", go);
      outgoing.off("close", go);
      resolve();
    };
    outgoing.once("drain", go);
    outgoing.once("close", go);
    if (outgoing.destroyed) go();
  });
}
