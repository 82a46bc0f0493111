// What no contender can pass: frames made beforehand, thrown over a Unix socket and back by a child process that never
// looks at them. One write a tick on either side; no codec, no promise, no table; answered frames are counted.

import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { payloadOf } from "../payloads.mjs";

const headerBytes = 5;

export async function start(chosen) {
  const { inFlight } = chosen;
  const folder = await mkdtemp(join(tmpdir(), "sb-"));
  const path = join(folder, "s");
  const server = createServer().listen(path);
  await once(server, "listening");
  const child = fork(fileURLToPath(new URL("./limit.worker.mjs", import.meta.url)), [path]);
  const exited = once(child, "exit");
  const [socket] = await once(server, "connection");
  const body = bodyOf(chosen);
  const frame = Buffer.concat([Buffer.alloc(headerBytes, 1), body]);
  const frames = Buffer.concat(Array.from({ length: inFlight }, () => frame));
  return {
    pump: (ms, latencies) =>
      ms === 0
        ? checkOnce(socket, frame)
        : pump({ socket, frames, frameBytes: frame.length, inFlight, ms, latencies }),
    close: async () => {
      socket.destroy();
      server.close();
      await exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function bodyOf(chosen) {
  const payload = payloadOf(chosen, 0);
  return Buffer.from(chosen.kind === "bytes" ? payload.data : JSON.stringify(payload));
}

/** Frames come back in the order they went, so the oldest time noted is that of the next one answered. */
function pump({ socket, frames, frameBytes, inFlight, ms, latencies }) {
  return new Promise((resolve) => {
    const startedAt = performance.now();
    const stopAt = startedAt + ms;
    const sentAt = new Float64Array(inFlight);
    let next = 0;
    let waiting = 0;
    let partial = 0;
    const send = (count, now) => {
      for (let i = 0; i < count; i += 1) sentAt[(next + waiting + i) % inFlight] = now;
      waiting += count;
      socket.write(frames.subarray(0, count * frameBytes));
    };
    const onData = (chunk) => {
      const now = performance.now();
      const bytes = partial + chunk.length;
      const answered = Math.floor(bytes / frameBytes);
      partial = bytes - answered * frameBytes;
      for (let i = 0; i < answered; i += 1) {
        latencies.record(now - sentAt[next]);
        next = (next + 1) % inFlight;
      }
      waiting -= answered;
      if (now < stopAt) {
        if (answered > 0) send(answered, now);
      } else if (waiting === 0) {
        socket.off("data", onData);
        resolve(now - startedAt);
      }
    };
    socket.on("data", onData);
    send(inFlight, startedAt);
  });
}

async function checkOnce(socket, frame) {
  const chunks = [];
  const whole = new Promise((resolve) => {
    let bytes = 0;
    const onData = (chunk) => {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes < frame.length) return;
      socket.off("data", onData);
      resolve();
    };
    socket.on("data", onData);
  });
  socket.write(frame);
  await whole;
  if (Buffer.concat(chunks).equals(frame)) return;
  throw new Error("The limit's child answered with other bytes than it was sent.");
}
