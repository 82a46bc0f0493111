// Act 3: a function that never returns and one that takes its process down, over and over; the others serve on. Then a
// pool whose workers cannot start for a while: its breaker opens, and closes by itself when they can again.

import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createSplice } from "splice-runtime";
import { act, say, show } from "../stage.mjs";

export async function surviveEverything(splice) {
  act(3, "survive everything");
  say(
    "An endless loop is named by its line; its worker is killed with what else it held, and another follows:",
  );
  const neighbour = splice.call("slow.wait", { ms: 60_000 });
  await show("trouble.spin, 300 ms to live", splice.call("trouble.spin", undefined, { timeoutMs: 300 }));
  await show("slow.wait, in the same worker", neighbour);
  await show("math.add({ a: 1, b: 1 })", splice.call("math.add", { a: 1, b: 1 }));

  say("One input kills its worker each time it comes; after three times only that function is refused:");
  for (let n = 1; n <= 4; n++)
    await show(`trouble.parse, time ${n}`, splice.call("trouble.parse", { text: "☠" }));
  await show("math.add({ a: 2, b: 2 })", splice.call("math.add", { a: 2, b: 2 }));

  const { pools, calls } = await splice.status();
  const { breaker, workers } = pools[0];
  say(
    `Pool app: breaker ${breaker.state}, ${workers[0].id} is process ${workers[0].pid}; ${calls.active} calls left over.`,
  );

  await crashLoop();
}

async function crashLoop() {
  const folder = await mkdtemp(join(tmpdir(), "hello-"));
  const database = join(folder, "stock.json");
  await writeFile(database, JSON.stringify({ pencil: 12 }));
  const functions = fileURLToPath(new URL("../shop", import.meta.url));
  const splice = await createSplice({
    pools: { shop: { functions, env: { STOCK_DATABASE: database } } },
    restart: { backoffMs: [0, 50], maxFailedStarts: 3, cooldownMs: 1500 },
  });
  const happened = (wanted) =>
    new Promise((resolve) => {
      splice.events$.subscribe(({ type }) => type === wanted && resolve());
    });
  const count = () => splice.call("stock.count", { item: "pencil" });

  say("Another pool reads a database as it starts. The database goes away, and then the worker is killed:");
  await show("stock.count, before", count());
  await rename(database, `${database}.away`);
  const [{ pid }] = (await splice.status()).pools[0].workers;
  const exited = happened("worker.exited");
  process.kill(pid, "SIGKILL");
  await exited;
  await show("stock.count, after three starts that failed", count());
  say("The database comes back; when its time is over one start is tried, and the breaker closes:");
  await rename(`${database}.away`, database);
  await happened("breaker.closed");
  await show("stock.count, after", count());
  await splice.close();
  await rm(folder, { recursive: true });
}
