// grpc-js: a server in a child process on a Unix socket, one client, one HTTP/2 connection.

import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import grpc from "@grpc/grpc-js";
import { channelOptions, Echo } from "./grpc.service.mjs";

const methods = { small: "Small", bytes: "Bytes", rows: "Rows" };

export async function start({ kind }) {
  const folder = await mkdtemp(join(tmpdir(), "sb-"));
  const address = `unix:${join(folder, "s")}`;
  const child = fork(fileURLToPath(new URL("./grpc.worker.mjs", import.meta.url)), [address]);
  const exited = once(child, "exit");
  await once(child, "message");
  const client = new Echo(address, grpc.credentials.createInsecure(), channelOptions);
  const method = client[methods[kind]].bind(client);
  return {
    call: (payload) =>
      new Promise((resolve, reject) => {
        method(payload, (error, result) => (error === null ? resolve(result) : reject(error)));
      }),
    close: async () => {
      client.close();
      child.disconnect();
      await exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
