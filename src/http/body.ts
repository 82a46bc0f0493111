// A request's body as the params of a call: read up to a bound, and in no other form than JSON. Knows no call.

import { types } from "node:util";
import { fromJson } from "../contract/json.js";
import { messageOf, SpliceError } from "../errors.js";
import { Refusal, refuse } from "./answer.js";

/** No body at all is no params. @throws Refusal for what is no JSON in UTF-8 of at most so many bytes. */
export async function readParams(request: Request, maxBodyBytes: number): Promise<unknown> {
  const type = request.headers.get("content-type");
  if (type !== null) checkType(type);
  const encoding = request.headers.get("content-encoding");
  if (encoding !== null && encoding.toLowerCase() !== "identity") {
    throw refuse(415, `The body is encoded as ${JSON.stringify(encoding)}, but must not be encoded.`);
  }
  const bytes = await readBytes(request, maxBodyBytes);
  if (bytes.length === 0) return undefined;
  // Without it a page elsewhere could have a browser call, with its cookies and unasked.
  if (type === null) throw refuse(415, "The body has no content-type; it must be application/json.");
  return parse(bytes);
}

/** A fault of the server that mounts: an empty body would be taken for no params. */
export function alreadyRead(): Refusal {
  const advice = "mount the handler before whatever parses bodies, such as express.json()";
  return refuse(500, `The request's body was read before it came here; ${advice}.`);
}

function checkType(type: string): void {
  const [name = "", ...parameters] = type.split(";").map((part) => part.trim().toLowerCase());
  const isJson = /^application\/(?:[\w.-]+\+)?json$/.test(name);
  const charset = parameters.find((parameter) => parameter.startsWith("charset="));
  if (isJson && (charset === undefined || /^charset="?utf-?8"?$/.test(charset))) return;
  throw refuse(415, `The content-type is ${JSON.stringify(type)}, but must be application/json, in UTF-8.`);
}

async function readBytes(request: Request, maxBodyBytes: number): Promise<Uint8Array> {
  const { body } = request;
  if (request.bodyUsed || body?.locked === true) throw alreadyRead();
  const claimed = Number(request.headers.get("content-length") ?? 0);
  if (claimed > maxBodyBytes) throw tooLarge(maxBodyBytes, claimed);
  if (body === null) return new Uint8Array(0);
  const reader: ReadableStreamDefaultReader<unknown> = body.getReader();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read().catch((cause: unknown) => {
      const message = "The request ended before its body did; nothing was called.";
      throw new Refusal(400, new SpliceError({ code: 1000, message, cause }));
    });
    if (done) return Buffer.concat(chunks, bytes);
    if (!types.isUint8Array(value)) throw refuse(400, "The request's body does not consist of bytes.");
    bytes += value.byteLength;
    if (bytes > maxBodyBytes) {
      // Whoever sends it is told, and need not be listened to any more.
      reader.cancel().catch(() => undefined);
      throw tooLarge(maxBodyBytes);
    }
    chunks.push(value);
  }
}

function parse(bytes: Uint8Array): unknown {
  try {
    return fromJson(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    const problem = messageOf(error);
    const message = `The body is not JSON: ${problem}.`;
    const details = { issues: [{ path: "params", message: problem }] };
    throw new Refusal(400, new SpliceError({ code: 1001, message, details, cause: error }));
  }
}

function tooLarge(limit: number, bytes?: number): Refusal {
  const message = `The body is larger than this server takes, ${String(limit)} bytes.`;
  return new Refusal(413, new SpliceError({ code: 1004, message, details: { bytes, limit } }));
}
