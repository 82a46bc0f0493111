// Two Moleculer nodes on loopback, the transporter TCP. JSON has no bytes: in that case both speak MessagePack.

import { fork } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { createBroker } from "./moleculer.node.mjs";

export function note({ kind }) {
  return kind === "bytes" ? "NotePack" : "";
}

export async function start({ kind }) {
  const serializer = kind === "bytes" ? "NotePack" : "JSON";
  const ports = await Promise.all([freePort(), freePort()]);
  const urls = [`127.0.0.1:${String(ports[0])}/caller`, `127.0.0.1:${String(ports[1])}/worker`];
  const child = fork(fileURLToPath(new URL("./moleculer.worker.mjs", import.meta.url)), [
    JSON.stringify({ serializer, urls }),
  ]);
  const exited = once(child, "exit");
  await once(child, "message");
  const broker = createBroker({ nodeID: "caller", serializer, urls });
  await broker.start();
  await broker.waitForServices("bench");
  return {
    call: (payload) => broker.call("bench.echo", payload),
    close: async () => {
      await broker.stop();
      child.disconnect();
      await exited;
    },
  };
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}
