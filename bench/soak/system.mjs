// The supervisor that is soaked: `splice serve` in a process of its own, with a probe, and a connection to it.

import { fileURLToPath } from "node:url";
import { connect } from "splice-runtime";
import { family } from "../processes.mjs";
import { serveConfig } from "../serve.mjs";

const ownFunctions = fileURLToPath(new URL("./functions", import.meta.url));
const probe = new URL("./probe.mjs", import.meta.url).href;
/** More than a client's own pause can pile up: what a shape does not set out to refuse is not refused. */
const amplePermits = 8192;

/** `permits` is the limit of calls under way, `config` whatever else a shape needs. */
export async function startSystem({
  functions = ownFunctions,
  workers = 1,
  permits = amplePermits,
  maxQueue = 0,
  config = {},
} = {}) {
  const served = await serveConfig(
    {
      pools: { app: { functions, workers, execArgv: ["--expose-gc"] } },
      limits: { maxInFlight: permits, maxInFlightPerFunction: permits, maxQueue },
      ...config,
    },
    { nodeOptions: ["--expose-gc", "--import", probe], hasChannel: true },
  );
  const atItsEnd = (code, signal) => {
    const how = signal ?? `exit code ${String(code)}`;
    throw new Error(`The supervisor ended with ${how} under load: ${served.complaints()}`);
  };
  served.child.once("exit", atItsEnd);
  const splice = await connect({ socket: served.socket });
  const { pid, socket } = served;
  return {
    pid,
    socket,
    splice,
    call: (name, params, options) => splice.call(`work.${name}`, params, options),
    /** Of `answers` in vitals.mjs, from the supervisor and from its worker. */
    askSupervisor: (ask) => askOn(served.child, ask),
    askWorker: (ask) => splice.call("work.vitals", { ask }),
    workerPids: async () =>
      (await splice.status()).pools[0].workers.flatMap((worker) => (worker.pid ? [worker.pid] : [])),
    /** The supervisor and all that it has started. */
    family: () => family(pid),
    close: async () => {
      served.child.off("exit", atItsEnd);
      await splice.close();
      await served.stop();
    },
  };
}

let lastId = 0;

function askOn(child, ask) {
  const id = ++lastId;
  return new Promise((resolve) => {
    const listen = (message) => {
      if (message.id !== id) return;
      child.off("message", listen);
      resolve(message.answer);
    };
    child.on("message", listen);
    child.send({ id, ask });
  });
}
