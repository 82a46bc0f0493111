// F5, a live client: connect() over a real socket to a supervisor that says anything. Everything asked of the client comes
// to a result or a SpliceError, it can be closed, and no error escapes.

import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { connect } from "../../src/client/connect.js";
import type { Splice } from "../../src/contract/splice.js";
import { SpliceError } from "../../src/errors.js";
import { encode } from "../../src/protocol/codec.js";
import { Decoder } from "../../src/protocol/decoder.js";
import type { Message, U64 } from "../../src/protocol/messages.js";
import { encodeValue } from "../../src/protocol/values.js";
import { mutate } from "../protocol/mutate.js";
import type { SeededRandom } from "../protocol/random.js";
import { concat } from "../protocol/vectors.js";
import { framesOfCorpus } from "./corpus.js";
import { edited, sample, written } from "./sessions.js";
import type { FuzzTarget } from "./target.js";

/** Longer than anything takes; what has not come to an end by then never does. */
const patienceMs = 20_000;

let folder = "";
const quietMs = 300;
let lastSocket = 0;
const escaped: unknown[] = [];
const note = (error: unknown): void => {
  escaped.push(error);
};

/** What a good supervisor would say to that. */
function answersTo(message: Message, random: SeededRandom): Message[] {
  if (message.type === "ListExports") return [{ type: "ListExportsResult", exports: [] }];
  if (message.type === "Cancel") return [{ type: "CancelAck", requestId: message.requestId }];
  if (message.type === "HealthCheck") return [sample("HealthStatus", 0)];
  if (message.type === "Shutdown") return [{ type: "ShutdownAck" }];
  if (message.type !== "Invoke") return [];
  const { requestId } = message;
  const result = encodeValue({ ok: true });
  if (message.functionName !== "s") return [{ type: "InvokeResult", requestId, result, durationUs: 1 }];
  return stream(requestId, random.below(4), result);
}

function stream(requestId: U64, chunks: number, data: Uint8Array): Message[] {
  const items = Array.from({ length: chunks }, (_, sequence) => ({
    type: "StreamChunk" as const,
    requestId,
    sequence,
    data,
  }));
  return [
    { type: "StreamStart", requestId, window: 4 },
    ...items,
    { type: "StreamEnd", requestId, totalChunks: chunks },
  ];
}

/** A supervisor that greets rightly most of the time, answers wrongly, and leaves. */
function serve(socket: Socket, random: SeededRandom, sent: (bytes: Uint8Array) => void): void {
  const decoder = new Decoder();
  const say = (messages: readonly Message[], isWrong: boolean): void => {
    const frames = written(isWrong && random.below(2) === 0 ? edited(messages, random) : messages);
    if (isWrong && frames.length > 0 && random.below(2) === 0)
      frames.push(mutate(random, frames), ...written([sample("InvokeResult", 1)]));
    const bytes = concat(frames);
    sent(bytes);
    socket.write(bytes);
  };
  let leaving: NodeJS.Timeout | undefined;
  socket.on("error", () => undefined);
  socket.on("close", () => {
    clearTimeout(leaving);
  });
  socket.on("data", (chunk: Uint8Array) => {
    for (const message of decoder.push(chunk)) {
      if (message.type === "Handshake") {
        say([sample("HandshakeAck", 0)], random.below(8) === 0);
        if (random.below(8) === 0) socket.end();
      } else say(answersTo(message, random), random.below(2) === 0);
      // What it did not answer ends with its link, once nothing more comes: a client that is slow has been heard.
      clearTimeout(leaving);
      leaving = setTimeout(() => socket.destroy(), quietMs);
    }
  });
}

async function settle(name: string, promise: Promise<unknown>): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`${name} did not come to an end.`));
    }, patienceMs);
  });
  try {
    await Promise.race([promise, late]);
    return "result";
  } catch (error) {
    if (error instanceof SpliceError) return "error";
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

async function readAll(splice: Splice): Promise<void> {
  for await (const item of splice.stream("s", {}, { timeoutMs: 2000 })) if (item === splice) return;
}

async function use(path: string): Promise<string> {
  let splice: Splice | undefined;
  const opened = await settle(
    "connect",
    connect({ socket: path }).then((made) => {
      splice = made;
    }),
  );
  if (splice === undefined) return `no connection, ${opened}`;
  const came = await Promise.all([
    settle("call", splice.call("f", { a: 1 }, { timeoutMs: 2000 })),
    settle("stream", readAll(splice)),
    settle("exports", splice.exports()),
    settle("status", splice.status()),
  ]);
  await settle("close", splice.close());
  return `${String(came.filter((each) => each === "result").length)} of 4 came to a result`;
}

/** Greets, and says what is kept to whatever comes next. */
function repeat(socket: Socket, bytes: Uint8Array): void {
  socket.on("error", () => undefined);
  socket.once("data", () => {
    socket.write(encode(sample("HandshakeAck", 0)));
    socket.once("data", () => socket.end(bytes));
  });
  setTimeout(() => socket.destroy(), 1000).unref();
}

/** Has a client use a supervisor of its own. */
async function serveTo(onConnection: (socket: Socket) => void): Promise<string> {
  const path = join(folder, String(++lastSocket));
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  try {
    const met = await use(path);
    if (escaped.length > 0) throw escaped[0];
    return met;
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
}

export const clients: FuzzTarget = {
  name: "clients",
  counts: { ci: 1000, test: 100 },
  atOnce: 20,
  async begin() {
    folder = mkdtempSync("/tmp/sf-");
    process.on("unhandledRejection", note);
    process.on("uncaughtException", note);
    await Promise.all(
      framesOfCorpus().map((bytes) =>
        serveTo((socket) => {
          repeat(socket, bytes);
        }),
      ),
    );
  },
  one: (random, sent) =>
    serveTo((socket) => {
      serve(socket, random, sent);
    }),
  end() {
    process.off("unhandledRejection", note);
    process.off("uncaughtException", note);
    rmSync(folder, { recursive: true, force: true });
    return Promise.resolve();
  },
};
