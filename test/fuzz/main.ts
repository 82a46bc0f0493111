// One fuzz target in a process of its own: node main.mjs <target> <seed> <count>. Replays the corpus first, prints one line
// of what was met, and keeps the input of a failure in the corpus. scripts/fuzz.mjs builds and runs it.

import { everySplit, frames } from "./frames.js";
import { clients } from "./client.js";
import { keep, replayCorpus } from "./corpus.js";
import { hosts } from "./host.js";
import { supervisors } from "./live.js";
import { FuzzFailure, runTarget } from "./target.js";
import { workers } from "./worker.js";

const targets = [frames, hosts, workers, supervisors, clients];

/** Conversations that are cut at every place: some hundred cases each, so that the random cases are the more. */
const casesPerSession = 1000;

const [name, seedText, countText] = process.argv.slice(2);
const target = targets.find((each) => each.name === name);
if (target === undefined)
  throw new Error(
    `There is no target ${String(name)}; there are ${targets.map((each) => each.name).join()}.`,
  );
const seed = Number(seedText);
const count = countText === "ci" ? target.counts.ci : Number(countText);

try {
  const replayed = replayCorpus();
  const splits = target === frames ? everySplit(seed, Math.ceil(count / casesPerSession)) : 0;
  const tally = await runTarget(target, seed, count, (done) => {
    if (process.stderr.isTTY) process.stderr.write(`\r${target.name}: ${String(done)} of ${String(count)}`);
  });
  if (process.stderr.isTTY) process.stderr.write("\r\u001b[K");
  const met = [...tally].map(([what, times]) => `${String(times)} ${what}`).sort();
  const also = splits > 0 ? `, and ${String(splits)} splits` : "";
  console.log(
    `${target.name}: ${String(count)} cases from seed ${seedText ?? ""}${also}, ${String(replayed)} of the corpus: ${met.join(", ")}`,
  );
} catch (error) {
  if (!(error instanceof FuzzFailure)) throw error;
  const path = keep(`${error.target} seed ${String(error.seed)}`, error.bytes);
  console.error(
    `${error.message}\nIts input is kept in ${path}; repeat it with --target ${error.target} --seed ${String(error.seed)} --count 1.`,
  );
  for (const [other, bytes] of error.beside)
    console.error(
      `Under way beside it: seed ${String(other)}, kept in ${keep(`${error.target} seed ${String(other)}`, bytes)}.`,
    );
  process.exitCode = 1;
}
