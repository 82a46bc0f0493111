// A call over child_process IPC with nothing around it: an id, a table of who waits, no deadline, no error but exit.

import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const worker = fileURLToPath(new URL("./ipc.worker.mjs", import.meta.url));

export function startCorrelator(serialization, mode) {
  const child = fork(worker, [mode], { serialization });
  const waiting = new Map();
  let lastId = 0;
  child.on("message", ({ id, result }) => {
    const resolve = waiting.get(id);
    waiting.delete(id);
    resolve(result);
  });
  const call = (params) =>
    new Promise((resolve) => {
      const id = ++lastId;
      waiting.set(id, resolve);
      child.send({ id, params });
    });
  const close = async () => {
    child.disconnect();
    await once(child, "exit");
  };
  return { call, close };
}
