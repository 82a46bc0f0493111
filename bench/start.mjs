// How long `splice serve` takes from its start to the first answered call, beside `node -e 0` from its start to its
// end. The client is loaded beforehand, and the folder holds nothing but functions/. Prints one line of JSON.
//
//     node start.mjs '{"repeats":5}'

import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startServe } from "./serve.mjs";

const { repeats } = JSON.parse(process.argv[2]);
const folder = await mkdtemp(join(tmpdir(), "sb-"));
await cp(new URL("./app/functions", import.meta.url), join(folder, "functions"), { recursive: true });
const nodeMs = [];
const serveMs = [];
for (let i = 0; i < repeats; i += 1) {
  nodeMs.push(await timeNode());
  serveMs.push(await timeServe());
}
await rm(folder, { recursive: true, force: true });
process.stdout.write(`${JSON.stringify({ nodeMs, serveMs })}\n`);

async function timeNode() {
  const startedAt = performance.now();
  await once(spawn(process.execPath, ["-e", "0"], { stdio: "ignore" }), "exit");
  return performance.now() - startedAt;
}

async function timeServe() {
  const startedAt = performance.now();
  const { client, stop } = await startServe(folder);
  const answer = await client.call("bench.echo", { id: 1 });
  const elapsedMs = performance.now() - startedAt;
  await stop();
  if (answer?.id !== 1)
    throw new Error(`splice serve answered its first call with ${JSON.stringify(answer)}.`);
  return elapsedMs;
}
