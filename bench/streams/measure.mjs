// One measurement of streams, in a process of its own; prints one line of JSON.
//
//     node measure.mjs '{"what":"rate","mode":"embedded","bytes":64,"ms":2000}'

import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { family, pssKib } from "../processes.mjs";
import { readRaw } from "./raw.mjs";

const functions = fileURLToPath(new URL("./functions", import.meta.url));
const task = JSON.parse(process.argv[2]);
const measurements = { rate, slowReader, cancel };
const figures = await measurements[task.what](task);
await new Promise((resolve) => process.stdout.write(`${JSON.stringify({ figures })}\n`, resolve));
process.exit(0);

/** Items a second through `for await`, or frames a second of the limit. */
async function rate({ mode, bytes, ms }) {
  if (mode.startsWith("raw")) return rawRate(mode === "raw-relay", bytes, ms);
  const { splice, close } = await start(mode);
  let count = 0;
  let startedAt = 0;
  const warmUntil = performance.now() + ms / 4;
  for await (const item of splice.stream("feed.items", { bytes: itemBytes(bytes) })) {
    if (item.length === 0) throw new Error("An empty item came.");
    const now = performance.now();
    if (startedAt === 0) {
      if (now >= warmUntil) startedAt = now;
      continue;
    }
    count += 1;
    if (now - startedAt >= ms) break;
  }
  const perSecond = (count * 1000) / (performance.now() - startedAt);
  await close();
  return { perSecond };
}

async function rawRate(hasRelay, bytes, ms) {
  const { counted, stop } = readRaw(bytes, hasRelay);
  while (counted.chunks === 0) await sleep(1);
  await sleep(ms / 4);
  const before = counted.chunks;
  const startedAt = performance.now();
  await sleep(ms);
  const perSecond = ((counted.chunks - before) * 1000) / (performance.now() - startedAt);
  stop();
  return { perSecond };
}

/** A gibibyte to a reader that rests after each item: by how much each process grows at most. */
async function slowReader({ mode, bytes, total }) {
  const { splice, close } = await start(mode);
  for await (const item of splice.stream("feed.some", { bytes: itemBytes(bytes), count: 64 })) void item;
  await sleep(200);
  const pids = family(process.pid);
  const before = new Map(pids.map((pid) => [pid, pssKib([pid])]));
  const most = new Map(before);
  const look = () => {
    for (const pid of pids) most.set(pid, Math.max(most.get(pid), pssKib([pid])));
  };
  let received = 0;
  let n = 0;
  for await (const item of splice.stream("feed.some", { bytes: itemBytes(bytes), count: total / bytes })) {
    received += item.length;
    n += 1;
    // It reads in spells, so that what it is given between them piles up wherever it may.
    if (n % 64 === 0) {
      await sleep(1);
      look();
    }
  }
  const growthMib = pids.map((pid) => (most.get(pid) - before.get(pid)) / 1024);
  await close();
  return { receivedMib: received / 2 ** 20, growthMib };
}

/** From breaking out of a stream until its slot is free, beside a call one at a time. */
async function cancel({ mode, repeats }) {
  const { splice, close, active } = await start(mode);
  const calls = [];
  const freed = [];
  for (let n = 0; n < repeats; n += 1) {
    const calledAt = performance.now();
    await splice.call("feed.echo", { n });
    calls.push(performance.now() - calledAt);
    const stream = splice.stream("feed.items", { bytes: itemBytes(64) })[Symbol.asyncIterator]();
    await stream.next();
    await stream.next();
    const brokenAt = performance.now();
    await stream.return();
    while ((await active()) > 0) await new Promise(setImmediate);
    freed.push(performance.now() - brokenAt);
  }
  await close();
  const middle = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
  return { callP50Ms: middle(calls), freedP50Ms: middle(freed) };
}

async function start(mode) {
  if (mode === "embedded") {
    const { createSplice } = await import("splice-runtime");
    const splice = await createSplice({ pools: { app: { functions, workers: 1 } } });
    return {
      splice,
      active: async () => (await splice.status()).calls.active,
      close: () => splice.close({ drainMs: 0 }),
    };
  }
  const { serveConfig } = await import("../serve.mjs");
  const { connect } = await import("splice-runtime");
  const { socket, stop } = await serveConfig({ pools: { app: { functions, workers: 1 } } });
  const splice = await connect({ socket });
  return {
    splice,
    active: async () => (await splice.status()).calls.active,
    close: async () => {
      await splice.close({ drainMs: 0 });
      await stop();
    },
  };
}

/** A Uint8Array that makes a chunk of so many bytes: its own header takes two or three of them. */
function itemBytes(chunkBytes) {
  return chunkBytes - (chunkBytes < 258 ? 2 : 3);
}
