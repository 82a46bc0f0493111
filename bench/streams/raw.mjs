// The limit: the frames of a stream, made beforehand, thrown from one process to another over a Unix socket and never
// looked at. The same conversation: 64 chunks ahead, or 1 MiB, and an acknowledgement for each half of that; one write
// a turn of the loop on either side; no function, no codec, no promise. `relay` puts a process between the two.
//
//     node raw.mjs produce <chunk bytes>         writes to descriptor 3
//     node raw.mjs relay <chunk bytes>           has a producer of its own, passes everything on to and from descriptor 3

import { spawn } from "node:child_process";
import { Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { encode } from "splice-runtime/protocol";

const self = fileURLToPath(import.meta.url);
const id = 1000;

function framesOf(chunkBytes) {
  const chunk = encode({
    type: "StreamChunk",
    requestId: id,
    sequence: id,
    data: new Uint8Array(chunkBytes),
  });
  const ack = encode({ type: "StreamAck", requestId: id, ackSequence: id, window: 64 });
  const window = Math.max(1, Math.min(64, Math.floor(2 ** 20 / chunkBytes)));
  return { chunk, ack, window, ackEvery: Math.max(1, window >> 1) };
}

/** Starts a producer, behind a relay or not, and reads it. `counted.chunks` goes up as they come. */
export function readRaw(chunkBytes, hasRelay) {
  const { socket, child } = start(hasRelay ? "relay" : "produce", chunkBytes);
  const { chunk, ack, ackEvery } = framesOf(chunkBytes);
  const counted = { chunks: 0 };
  let bytes = 0;
  let acked = 0;
  const acks = onceATurn(socket);
  socket.on("data", (data) => {
    bytes += data.length;
    counted.chunks = Math.floor(bytes / chunk.length);
    const due = Math.floor(counted.chunks / ackEvery);
    if (due > acked) acks.add(ack, due - acked);
    acked = due;
  });
  const stop = () => {
    socket.destroy();
    child.kill("SIGKILL");
  };
  return { counted, stop };
}

function start(role, chunkBytes) {
  const stdio = ["ignore", "inherit", "inherit", "pipe"];
  const child = spawn(process.execPath, [self, role, String(chunkBytes)], { stdio });
  return { child, socket: child.stdio[3] };
}

/** Collects frames and writes them together. */
function onceATurn(socket) {
  let due = [];
  const write = () => {
    const frames = due;
    due = [];
    socket.write(frames.length === 1 ? frames[0] : Buffer.concat(frames));
  };
  return {
    add(frame, count) {
      if (due.length === 0) setImmediate(write);
      for (let n = 0; n < count; n += 1) due.push(frame);
    },
  };
}

function produce(socket, chunkBytes) {
  const { chunk, ack, window, ackEvery } = framesOf(chunkBytes);
  const half = Buffer.concat(Array.from({ length: ackEvery }, () => chunk));
  const chunks = onceATurn(socket);
  let bytes = 0;
  let seen = 0;
  chunks.add(half, Math.max(1, Math.floor(window / ackEvery)));
  socket.on("data", (data) => {
    bytes += data.length;
    const acks = Math.floor(bytes / ack.length);
    if (acks > seen) chunks.add(half, acks - seen);
    seen = acks;
  });
}

function pass(from, to) {
  from.on("data", (data) => to.write(data));
}

if (process.argv[1] === self) {
  const [role, chunkBytes] = [process.argv[2], Number(process.argv[3])];
  const socket = new Socket({ fd: 3 });
  socket.on("error", () => process.exit(0));
  socket.on("close", () => process.exit(0));
  if (role === "produce") produce(socket, chunkBytes);
  else {
    const { socket: producer } = start("produce", chunkBytes);
    producer.on("error", () => process.exit(0));
    pass(producer, socket);
    pass(socket, producer);
  }
}
