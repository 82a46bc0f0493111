// The contenders of the fault measurements. `start({ workers, perWorker, maxInFlight })` resolves with
// { call(name, params), pids(), close() }: `pids` asks the contender's own books where it keeps some, and is missing
// where workers are threads. With `maxInFlight` more calls than that at once are refused, where the contender can.

import { rmSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { connect as connectSocket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { outcomeOf } from "./tools.mjs";

const path = (name) => fileURLToPath(new URL(name, import.meta.url));
const functionNames = ["echo", "who", "rest", "burn", "die"];

/** Faults that are provoked on purpose count in no window, and a worker is started again at once. */
function spliceConfig({ workers, maxInFlight = 1024, pool = {} }) {
  return {
    pools: { app: { functions: path("functions"), workers, ...pool } },
    limits: { maxInFlight, maxInFlightPerFunction: maxInFlight },
    restart: { backoffMs: [0], jitter: 0, maxRestarts: 1000, maxFailedStarts: 1000 },
    breaker: { quarantineCrashes: 0, minCalls: 1_000_000 },
  };
}

async function spliceEmbedded(setup) {
  const { createSplice } = await import("splice-runtime");
  const splice = await createSplice(spliceConfig(setup));
  return {
    call: (name, params, options) => splice.call(`work.${name}`, params, options),
    pids: async () => (await splice.status()).pools[0].workers.map(({ pid }) => pid).filter(Boolean),
    close: () => splice.close({ drainMs: 0 }),
  };
}

async function spliceSupervisor(setup) {
  const { serveConfig } = await import("../serve.mjs");
  const { connect } = await import("splice-runtime");
  const { pid, socket, stop } = await serveConfig(spliceConfig(setup));
  const client = await connect({ socket });
  return {
    call: (name, params, options) => client.call(`work.${name}`, params, options),
    pids: async () => (await client.status()).pools[0].workers.map((worker) => worker.pid).filter(Boolean),
    supervisor: { pid, socket },
    close: async () => {
      await client.close();
      await stop();
    },
  };
}

async function piscina({ workers, perWorker, maxInFlight }) {
  const { Piscina } = await import("piscina");
  const pool = new Piscina({
    filename: path("functions/work.mjs"),
    minThreads: workers,
    maxThreads: workers,
    concurrentTasksPerWorker: perWorker,
    ...(maxInFlight === undefined ? {} : { maxQueue: maxInFlight - workers * perWorker }),
  });
  return { call: (name, params) => pool.run(params, { name }), close: () => pool.destroy() };
}

async function tinypool({ workers, perWorker }) {
  const { Tinypool } = await import("tinypool");
  const pool = new Tinypool({
    filename: path("functions/work.mjs"),
    runtime: "child_process",
    minThreads: workers,
    maxThreads: workers,
    concurrentTasksPerWorker: perWorker,
  });
  return withPids(
    { call: (name, params) => pool.run(params, { name }), close: () => pool.destroy() },
    workers,
  );
}

async function workerpool({ workers, maxInFlight }) {
  const { default: library } = await import("workerpool");
  const pool = library.pool(path("workerpool.worker.mjs"), {
    workerType: "process",
    minWorkers: workers,
    maxWorkers: workers,
    ...(maxInFlight === undefined ? {} : { maxQueueSize: maxInFlight - workers }),
  });
  const call = (name, params) =>
    new Promise((resolve, reject) => pool.exec(name, [params]).then(resolve, reject));
  return withPids({ call, close: () => pool.terminate(true) }, workers);
}

async function jestWorker({ workers }) {
  const { Worker } = await import("jest-worker");
  const pool = new Worker(path("functions/work.mjs"), {
    numWorkers: workers,
    exposedMethods: functionNames,
    enableWorkerThreads: false,
  });
  return withPids({ call: (name, params) => pool[name](params), close: () => pool.end() }, workers);
}

/** pm2 keeps processes alive and carries no calls; its users bring their own server, here on a socket. */
async function pm2({ workers }) {
  const home = await pm2Home();
  const { default: library } = await import("pm2");
  const ask = (method, ...args) =>
    new Promise((resolve, reject) => {
      library[method](...args, (error, value) => (error ? reject(error) : resolve(value)));
    });
  await ask("connect");
  const socket = join(home, "service");
  await ask("start", {
    name: "service",
    script: path("pm2.service.mjs"),
    exec_mode: "cluster",
    instances: workers,
    max_restarts: 1000,
    min_uptime: 0,
    env: { SERVICE_SOCKET: socket },
  });
  const client = lineClient(socket);
  await untilAnswered(client.call);
  return {
    call: client.call,
    pids: async () => (await ask("list")).map(({ pid }) => pid).filter(Boolean),
    close: async () => {
      client.close();
      await ask("killDaemon");
      library.disconnect();
    },
  };
}

/** One for the life of this process, since pm2 asks for it once. */
async function pm2Home() {
  if (process.env.PM2_HOME === undefined) {
    const home = await mkdtemp(join(tmpdir(), "sb-"));
    process.env.PM2_HOME = home;
    process.on("exit", () => rmSync(home, { recursive: true, force: true }));
  }
  return process.env.PM2_HOME;
}

export const contenders = {
  "splice-embedded": { title: "Splice, embedded", start: spliceEmbedded, isConcurrent: true },
  "splice-supervisor": { title: "Splice, through a supervisor", start: spliceSupervisor, isConcurrent: true },
  piscina: { title: "Piscina (threads)", start: piscina, isConcurrent: true, isThreads: true },
  tinypool: { title: "tinypool (child_process)", start: tinypool, isConcurrent: true },
  workerpool: { title: "workerpool (process)", start: workerpool, isConcurrent: false },
  "jest-worker": { title: "jest-worker (processes)", start: jestWorker, isConcurrent: false },
  pm2: { title: "pm2 (cluster, a socket)", start: pm2, isConcurrent: true },
};

/** For contenders that do not tell their processes: those that answer when many calls are made at once. */
function withPids({ call, close }, workers) {
  const pids = async () => {
    const answers = await Promise.all(Array.from({ length: workers * 4 }, () => outcomeOf(call("who", {}))));
    const found = answers.flatMap(({ value }) => (value === undefined ? [] : [Number(value.split(":")[0])]));
    return [...new Set(found)];
  };
  return { call, pids, close };
}

async function untilAnswered(call) {
  for (;;) {
    try {
      return await call("echo", {});
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

/** As many connections as calls may go to different processes; one that is lost fails its calls, as one would write it. */
function lineClient(socketPath) {
  const idle = [];
  const all = new Set();
  let lastId = 0;
  const open = () => {
    const socket = connectSocket(socketPath);
    const connection = { socket, pending: new Map() };
    all.add(connection);
    createInterface({ input: socket })
      .on("error", () => undefined)
      .on("line", (line) => {
        const { id, value } = JSON.parse(line);
        connection.pending.get(id)?.resolve(value);
        connection.pending.delete(id);
        idle.push(connection);
      });
    socket.on("error", () => undefined);
    socket.on("close", () => {
      all.delete(connection);
      connection.isClosed = true;
      for (const { reject } of connection.pending.values()) reject(new Error("The connection was lost."));
    });
    return connection;
  };
  const take = () => {
    for (let connection = idle.pop(); connection !== undefined; connection = idle.pop()) {
      if (!connection.isClosed) return connection;
    }
    return open();
  };
  return {
    call: (name, params) =>
      new Promise((resolve, reject) => {
        const connection = take();
        const id = ++lastId;
        connection.pending.set(id, { resolve, reject });
        connection.socket.write(`${JSON.stringify({ id, name, params })}\n`);
      }),
    close: () => {
      for (const { socket } of all) socket.destroy();
    },
  };
}
