// Sends what nobody should send to every place that reads the wire, with seeds that are printed.
//
//     npm run fuzz                        the numbers of .ci/run, from a new seed
//     npm run fuzz -- --ci                the same from the fixed seed
//     npm run fuzz -- --minutes 30        round after round, each from a new seed
//     npm run fuzz -- --target hosts --seed 7 --count 1        one case again
//
// Every run replays spec/fuzz first. The input of a failure is kept there, in found/, and the exit code is 1.

import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { buildSync } from "esbuild";

const { values } = parseArgs({
  options: {
    ci: { type: "boolean", default: false },
    minutes: { type: "string" },
    target: { type: "string" },
    seed: { type: "string" },
    count: { type: "string" },
  },
});

const root = new URL("../", import.meta.url);
process.chdir(fileURLToPath(root));
const fixedSeed = 20_260_101;
const newSeed = () => Math.floor(Math.random() * 2 ** 31);

/** Cases of a run, and of one round of many. `documents` decodes in a small heap, and measures what it takes. */
const counts = {
  frames: ["ci", 50_000],
  documents: [500_000, 100_000],
  hosts: ["ci", 10_000],
  workers: ["ci", 20_000],
  supervisors: ["ci", 1000],
  clients: ["ci", 500],
};

/** Beside the package's own files, as they look for the manifest there. */
mkdirSync(".splice", { recursive: true, mode: 0o700 });
const build = (entry, outfile) => {
  const options = { bundle: true, packages: "external", platform: "node", format: "esm", logLevel: "error" };
  buildSync({ entryPoints: [entry], outfile, ...options });
  return outfile;
};
const main = build("test/fuzz/main.ts", ".splice/fuzz-main.mjs");
const documents = build("test/protocol/fuzz-child.ts", ".splice/fuzz-documents.mjs");
const smallHeap = ["--expose-gc", "--max-old-space-size=96", "--max-semi-space-size=32"];

function run(target, seed, count) {
  const args =
    target === "documents"
      ? [...smallHeap, documents, String(count), String(seed)]
      : ["--max-old-space-size=512", main, target, String(seed), String(count)];
  const startedMs = performance.now();
  const child = spawnSync(process.execPath, args, {
    encoding: "utf8",
    stdio: ["ignore", "pipe", target === "documents" ? "pipe" : "inherit"],
  });
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  const isOk = child.status === 0 && (target !== "documents" || isModest(child.stdout));
  const line = target === "documents" ? told(seed, count, child.stdout) : child.stdout.trim();
  if (isOk) console.log(`${line} (${seconds} s)`);
  else fail(target, seed, child);
}

/** The report of documents, in one line like the others. */
function told(seed, count, stdout) {
  try {
    const { verdicts, worstFactor, timeRatio } = JSON.parse(stdout);
    const met = Object.entries(verdicts).map(([verdict, times]) => `${times} ${verdict}`);
    return `documents: ${count} cases from seed ${seed}: ${met.join(", ")}, at most ${worstFactor.toFixed(1)} bytes for a byte beyond 1 MiB a batch, ${timeRatio.toFixed(1)} times as long for one as for one that is right`;
  } catch {
    return "";
  }
}

function isModest(stdout) {
  const { worstFactor, allowedFactor } = JSON.parse(stdout);
  return worstFactor < allowedFactor;
}

function fail(target, seed, child) {
  const stderr = child.stderr ?? "";
  process.stderr.write(
    `${stderr}${target} failed from seed ${seed} (exit ${child.status ?? child.signal}).\n`,
  );
  const hex = /bytes ([0-9a-f]*):/.exec(stderr)?.[1];
  if (hex !== undefined) {
    const path = `spec/fuzz/found/documents-seed-${seed}.json`;
    const entry = { name: `documents seed ${seed}`, of: "frames", hex: [hex], verdict: "unknown" };
    writeFileSync(path, `${JSON.stringify([entry], null, 2)}\n`);
    process.stderr.write(`Its input is kept in ${path}; say there what its verdict has to be.\n`);
  }
  process.exit(1);
}

const chosen = values.target === undefined ? Object.keys(counts) : [values.target];
if (counts[chosen[0]] === undefined) {
  process.stderr.write(`There is no target ${chosen[0]}; there are ${Object.keys(counts).join(", ")}.\n`);
  process.exit(2);
}
const endMs = values.minutes === undefined ? 0 : performance.now() + Number(values.minutes) * 60_000;
do {
  const seed = Number(values.seed ?? (values.ci ? fixedSeed : newSeed()));
  for (const target of chosen) run(target, seed, values.count ?? counts[target][endMs === 0 ? 0 : 1]);
} while (performance.now() < endMs);
