// Calls a second of one system that nobody watches, in a process of its own; prints one line of JSON.
//
//     node measure.mjs '{"wasWatched":true,"ms":1000}'

import { fileURLToPath } from "node:url";
import { createSplice } from "splice-runtime";
import { Latencies, load } from "../load.mjs";

const inFlight = 64;
const functions = fileURLToPath(new URL("../app/functions", import.meta.url));
const { wasWatched, ms } = JSON.parse(process.argv[2]);
const splice = await createSplice({ pools: { app: { functions, workers: 1 } } });
const payload = { text: "x".repeat(64) };
const latencies = new Latencies();
const run = (runMs) =>
  load((params) => splice.call("bench.echo", params), payload, inFlight, runMs, latencies);

// As much work before the measurement with a reader as without one, so that both are equally warm.
await run(ms / 2);
if (wasWatched) {
  const reader = splice.stream("splice.inspect")[Symbol.asyncIterator]();
  let isRead = true;
  const reading = (async () => {
    while (isRead) await reader.next();
  })();
  await run(ms / 2);
  isRead = false;
  await reading.catch(() => undefined);
  await reader.return?.();
} else {
  await run(ms / 2);
}
const before = wasWatched ? await count() : 0;
await run(ms / 2);
latencies.reset();
const tookMs = await run(ms);
const perSecond = (latencies.count * 1000) / tookMs;
const toldMeanwhile = wasWatched ? (await count()) - before : 0;
await splice.close();
process.stdout.write(`${JSON.stringify({ figures: { perSecond, toldMeanwhile } })}\n`);

/** How much the observer has told since the system began, to any reader. */
async function count() {
  for await (const { sequence } of splice.stream("splice.inspect")) return sequence;
  throw new Error("splice.inspect ended without an item.");
}
