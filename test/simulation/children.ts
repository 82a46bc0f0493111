// Has seeds played by children of this process, bundled once and each with a share, and gathers what they say. One that
// dies, says nothing at the end, or stands still is a failure like any other.

import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import type { Job, Line, Seen } from "./sim/report.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const program = ".splice/simulation/run-seeds.mjs";

/** No run takes as long, nor the search for the smallest of its like; what does goes round in circles within one event. */
const patienceMs = 180_000;

/** Runs make much garbage, and little that lives on: a larger nursery is emptied less often. */
const nodeFlags = ["--enable-source-maps", "--max-semi-space-size=64", "--conditions=development"];

export interface Failure {
  readonly seed: number;
  readonly story: string;
}

export interface Report {
  readonly failures: readonly Failure[];
  /** What each child has seen; of one that came to no end there is nothing. */
  readonly seen: readonly Seen[];
}

const running = new Set<ChildProcess>();

/** Of tests that were cut off. */
export function endChildren(): void {
  for (const child of running) child.kill("SIGKILL");
}

/** `onPlayed` is told of each seed that is begun. */
export async function playJobs(jobs: readonly Job[], onPlayed: () => void): Promise<Report> {
  await build({
    absWorkingDir: root,
    entryPoints: ["test/simulation/run-seeds.ts"],
    outfile: program,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    packages: "external",
    sourcemap: true,
    // Modules find files of the package from where they lie.
    define: { "import.meta.url": JSON.stringify(pathToFileURL(`${root}src/index.ts`)) },
    logLevel: "silent",
  });
  const failures: Failure[] = [];
  const seen: Seen[] = [];
  const hear = (line: Line): void => {
    if (line.kind === "playing") onPlayed();
    else if (line.kind === "failed") failures.push(line);
    else seen.push(line.seen);
  };
  await Promise.all(
    jobs.map(async (job) => {
      const failure = await playJob(job, hear);
      if (failure !== null) failures.push(failure);
    }),
  );
  return { failures, seen };
}

/** Null, or what became of a child that has not told to the end. */
function playJob(job: Job, hear: (line: Line) => void): Promise<Failure | null> {
  const child = spawn(process.execPath, [...nodeFlags, program, JSON.stringify(job)], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.add(child);
  let seed = 0;
  let isWhole = false;
  let stderr = "";
  const patience = setTimeout(() => child.kill("SIGKILL"), patienceMs);
  child.stderr.on("data", (chunk) => (stderr = `${stderr}${String(chunk)}`.slice(-10_000)));
  createInterface({ input: child.stdout }).on("line", (text) => {
    patience.refresh();
    const line = JSON.parse(text) as Line;
    if (line.kind === "playing") ({ seed } = line);
    isWhole ||= line.kind === "seen";
    hear(line);
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => {
      clearTimeout(patience);
      running.delete(child);
      if (code === 0 && isWhole) return resolve(null);
      const end = `ended with ${String(signal ?? code)}${isWhole ? "" : " and had not told to the end"}`;
      const again = `SPLICE_SEED=${String(seed)} npm run sim`;
      resolve({
        seed,
        story: `While seed ${String(seed)} was played, its process ${end}; perhaps it went round in circles. Again: ${again}\n${stderr}`,
      });
    });
  });
}
