// Starts `splice serve` in a folder, or for a configuration, and connects to it as soon as its socket is there.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { connectToSupervisor } from "../modules/client/connect-to-supervisor.js";
import { realClock } from "../modules/time.js";

const main = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));

/** `nodeOptions` are the supervisor's; with one that loads a probe `hasChannel` gives it an IPC channel to answer on. */
export async function startServe(cwd, { nodeOptions = [], hasChannel = false } = {}) {
  const folder = await mkdtemp(join(tmpdir(), "sb-"));
  const socket = join(folder, "s");
  const child = spawn(process.execPath, [...nodeOptions, main, "serve", "--socket", socket], {
    cwd,
    stdio: ["ignore", "inherit", "pipe", ...(hasChannel ? ["ipc"] : [])],
  });
  let complaints = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    complaints = (complaints + text).slice(-4000);
  });
  const exited = once(child, "exit");
  while (!existsSync(socket)) {
    if (child.exitCode !== null)
      throw new Error(`splice serve ended with exit code ${String(child.exitCode)}: ${complaints}`);
    await sleep(1);
  }
  const client = await connectToSupervisor(socket, realClock);
  const stop = async () => {
    client.close();
    child.kill("SIGTERM");
    await exited;
    await rm(folder, { recursive: true, force: true });
  };
  return { client, child, pid: child.pid, socket, complaints: () => complaints, stop };
}

/** The same for a configuration, which is put into a folder of its own. */
export async function serveConfig(config, options) {
  const folder = await mkdtemp(join(tmpdir(), "sb-"));
  await writeFile(join(folder, "splice.config.mjs"), `export default ${JSON.stringify(config)};\n`);
  const served = await startServe(folder, options);
  const stop = async () => {
    await served.stop();
    await rm(folder, { recursive: true, force: true });
  };
  return { ...served, stop };
}
