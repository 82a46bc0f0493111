// Act 6: code that is edited while it is called: the next call runs the new, and none is lost.

import { spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { connect } from "splice-runtime";
import { act, say, show } from "../stage.mjs";

const bin = fileURLToPath(new URL("./cli/main.js", import.meta.resolve("splice-runtime")));

export async function anEditGoesLive() {
  act(6, "an edit goes live under load");
  const folder = await mkdtemp(join(tmpdir(), "splice-demo-"));
  const write = (text) => writeFile(join(folder, "functions/shop.ts"), text);
  await mkdir(join(folder, "functions"));
  await write(priceOf("0.2"));
  const socket = join(folder, "s.sock");
  const args = [bin, "dev", "--socket", socket, "--log-level", "error"];
  const dev = spawn(process.execPath, args, { cwd: folder, stdio: "ignore" });
  const splice = await connect({ socket, waitMs: 20_000 });
  try {
    const events = watch(splice);
    await show("`splice dev` runs it: shop.price({ net: 100 })", splice.call("shop.price", { net: 100 }));
    const load = startLoad(splice);
    await sleep(500);
    say("Ten clients call it without a pause while the file is edited:");
    const savedAt = performance.now();
    await write(priceOf("0.3"));
    await events.next("generation.promoted");
    const tookMs = Math.round(performance.now() - savedAt);
    await show(`saved, and ${tookMs} ms later generation 2 serves`, splice.call("shop.price", { net: 100 }));
    say("An edit that does not compile changes nothing but what is told:");
    await write("export function price({ net }) { return net * ; }\n");
    const { reason } = await events.next("reload.failed");
    say(reason.split("\n")[2].replace(`${folder}/`, ""));
    await show("shop.price({ net: 100 })", splice.call("shop.price", { net: 100 }));
    const { calls, lost } = await load.stop();
    say(`${calls >= 1000 ? "More than 1000" : calls} calls meanwhile, ${lost} lost.`);
  } finally {
    await splice.close();
    dev.kill("SIGTERM");
    await new Promise((done) => dev.once("exit", done));
    await rm(folder, { recursive: true, force: true });
  }
}

function priceOf(tax) {
  return `export function price({ net }: { net: number }) { return net * (1 + ${tax}); }\n`;
}

function watch({ events$ }) {
  const waiting = new Map();
  events$.subscribe((event) => {
    waiting.get(event.type)?.(event);
    waiting.delete(event.type);
  });
  return { next: (type) => new Promise((resolve) => waiting.set(type, resolve)) };
}

function startLoad(splice) {
  const count = { calls: 0, lost: 0 };
  let isOver = false;
  const client = async () => {
    while (!isOver) {
      count.calls += 1;
      await splice.call("shop.price", { net: 1 }).catch(() => (count.lost += 1));
      await sleep(1);
    }
  };
  const clients = Promise.all(Array.from({ length: 10 }, client));
  return {
    async stop() {
      isOver = true;
      await clients;
      return count;
    },
  };
}
