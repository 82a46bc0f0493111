// The benchmark runs from end to end and its results have the shape that the page, the chart and the verdicts read.
// It says nothing of speed.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, jest, test } from "@jest/globals";

jest.setTimeout(60_000);

const bench = join(import.meta.dirname, "../../../bench");
const isInstalled = existsSync(join(bench, "node_modules/.package-lock.json"));
if (!isInstalled && process.env["CI"] === "true") {
  throw new Error("bench/node_modules is missing, and CI has to install it: `npm ci --prefix bench`.");
}
if (!isInstalled) {
  process.stderr.write(
    "SKIPPED test/process/bench: bench/node_modules is missing; `npm ci` in bench/ brings it.\n",
  );
}
const installedTest = isInstalled ? test : test.skip;

interface Figures {
  readonly [name: string]: number | null;
}

interface Run {
  readonly machine: Record<string, unknown>;
  readonly results: Record<
    string,
    Record<string, { readonly median: Figures; readonly rounds: readonly Figures[] }>
  >;
  readonly start: unknown;
  readonly targets: readonly {
    readonly case: string;
    readonly of: string;
    readonly to: string;
    readonly ratio: number | null;
    readonly verdict: string;
  }[];
  readonly failures: readonly unknown[];
}

async function runBench(
  script: "run.mjs" | "faults/run.mjs" | "streams/run.mjs" | "soak/run.mjs",
  ...options: string[]
): Promise<{ exitCode: unknown; page: string; progress: string }> {
  const child = spawn(process.execPath, [join(bench, script), ...options], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [page, progress, [exitCode]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "exit"),
  ]);
  return { exitCode, page, progress };
}

installedTest("two contenders, two cases: a page, a chart, and every figure a number", async () => {
  const out = await mkdtemp(join(tmpdir(), "sb-"));
  const contenders = ["splice-embedded", "ipc-json"];
  const short = ["--rounds", "1", "--measure-ms", "100", "--warmup-ms", "20", "--out", out];
  const { exitCode, page, progress } = await runBench(
    "run.mjs",
    ...["--only", contenders.join(","), "--case", "64b-64,1mib-bytes"],
    ...short,
  );
  expect({ exitCode, progress }).toEqual({ exitCode: 0, progress: expect.stringContaining("4/4") });

  const run = JSON.parse(await readFile(join(out, "partial.json"), "utf8")) as Run;
  expect(run.machine).toEqual({
    cpu: expect.any(String),
    cores: expect.any(Number),
    node: process.versions.node,
    platform: `${process.platform}-${process.arch}`,
    date: expect.stringMatching(/^\d{4}-\d{2}-\d{2}$/),
  });
  for (const name of ["64b-64", "1mib-bytes"]) {
    for (const contender of contenders) {
      const found = run.results[name]?.[contender];
      expect(found?.rounds).toHaveLength(1);
      const { callsPerSecond, p50Us, p99Us, startMs, calls, cpuUsPerCall, pssKib } = found?.median ?? {};
      for (const figure of [callsPerSecond, p50Us, p99Us, startMs, calls]) expect(figure).toBeGreaterThan(0);
      expect(p99Us).toBeGreaterThanOrEqual(p50Us ?? NaN);
      const known = process.platform === "linux" ? expect.any(Number) : null;
      expect({ cpuUsPerCall, pssKib }).toEqual({ cpuUsPerCall: known, pssKib: known });
    }
  }
  expect(run).toMatchObject({ start: null, failures: [] });

  // One ratio could be had of this run; whatever it is, the others are said not to be measured.
  const judged = run.targets.filter(({ ratio }) => ratio !== null);
  expect(judged).toEqual([
    expect.objectContaining({ case: "64b-64", of: "splice-embedded", to: "ipc-json" }),
  ]);
  expect(judged[0]?.verdict).toMatch(/^(short|floor reached|aim reached)$/);
  expect(run.targets.filter(({ verdict }) => verdict === "not measured")).toHaveLength(
    run.targets.length - 1,
  );

  expect(page).toContain("64 B params, 64 in flight");
  expect(page).toContain("child_process IPC, json");
  expect(await readFile(join(out, "partial.svg"), "utf8")).toMatch(
    /^<svg [^]*Splice, embedded[^]*<\/svg>\n$/,
  );
  await rm(out, { recursive: true });
});

installedTest("an unknown contender is wrong use and named", async () => {
  const { exitCode, progress } = await runBench("run.mjs", "--only", "carrier-pigeon");
  expect(exitCode).toBe(2);
  expect(progress).toContain('There is no contender "carrier-pigeon"; there are splice-embedded, ');
});

interface FaultRun {
  readonly results: Record<
    string,
    Record<string, { readonly figures: Record<string, unknown>; readonly more: Record<string, unknown> }>
  >;
  readonly verdicts: readonly { readonly value: unknown; readonly verdict: string }[];
  readonly failures: readonly unknown[];
}

installedTest("workers killed, and three times the load: every figure is there, and judged", async () => {
  const out = await mkdtemp(join(tmpdir(), "sb-"));
  const { exitCode, page, progress } = await runBench(
    "faults/run.mjs",
    ...["--quick", "--only", "splice-embedded,workerpool", "--measure", "recovery,overload", "--out", out],
  );
  expect({ exitCode, progress }).toEqual({ exitCode: 0, progress: expect.stringContaining("done") });
  const run = JSON.parse(await readFile(join(out, "quick.faults.json"), "utf8")) as FaultRun;
  expect(run.failures).toEqual([]);
  for (const contender of ["splice-embedded", "workerpool"]) {
    const { figures, more } = run.results["recovery"]?.[contender] ?? {};
    for (const name of ["p50Ms", "p99Ms", "nodeMs", "timesNode"]) expect(figures?.[name]).toBeGreaterThan(0);
    expect(more).toEqual({
      descriptors: process.platform === "linux" ? expect.any(Number) : 0,
      timers: expect.any(Number),
      handles: expect.any(Number),
      heapMib: expect.any(Number),
    });
    const overload = run.results["overload"]?.[contender]?.figures;
    for (const name of ["peakPerSecond", "servedShare", "refused", "idleP99Ms", "refusedP99Ms"])
      expect(overload?.[name]).toBeGreaterThan(0);
  }
  // One limit of recovery, three of overload, and four for what is left after each of the two.
  expect(run.verdicts.map(({ verdict }) => verdict)).toEqual(
    Array.from({ length: 12 }, () => expect.stringMatching(/^(kept|short)$/)),
  );
  expect(page).toContain("Splice, embedded");
  expect(page).toContain("of 12 limits kept.");
  await rm(out, { recursive: true });
});

installedTest("streams beside the limit: every figure is there, and judged", async () => {
  const out = await mkdtemp(join(tmpdir(), "sb-"));
  const { exitCode, page, progress } = await runBench("streams/run.mjs", "--quick", "--out", out);
  expect({ exitCode, progress }).toEqual({ exitCode: 0, progress: expect.stringContaining("done") });
  const { verdicts } = JSON.parse(await readFile(join(out, "quick.streams.json"), "utf8")) as Pick<
    FaultRun,
    "verdicts"
  >;
  expect(verdicts).toHaveLength(8);
  const isKnown = process.platform === "linux";
  for (const { value } of verdicts) if (isKnown) expect(value).toBeGreaterThanOrEqual(0);
  expect(page).toContain("the limit, relayed");
  await rm(out, { recursive: true });
});

interface SoakRun {
  readonly results: Record<
    string,
    {
      readonly attempts: readonly {
        readonly rounds: readonly {
          readonly capacity: number;
          readonly baseline: Figures;
          readonly figures: Figures;
          readonly vitals: Record<string, unknown>;
        }[];
      }[];
    }
  >;
  readonly verdicts: readonly { readonly shape: string; readonly value: unknown; readonly verdict: string }[];
  readonly regressions: readonly unknown[];
}

installedTest(
  "a second of steady load: what it saw of both processes, and its verdicts, as JSON",
  async () => {
    const out = await mkdtemp(join(tmpdir(), "sb-"));
    const { exitCode, page, progress } = await runBench(
      "soak/run.mjs",
      ...["--quick", "--shape", "L1", "--json", "--out", out],
    );
    expect({ exitCode, progress }).toEqual({ exitCode: 0, progress: expect.stringContaining("L1") });
    const run = JSON.parse(page) as SoakRun;
    expect(JSON.parse(await readFile(join(out, "quick.soak.json"), "utf8"))).toEqual(run);
    const round = run.results["L1"]?.attempts[0]?.rounds[0];
    expect(round?.capacity).toBeGreaterThan(0);
    for (const { calls, p50Ms, p99Ms, p999Ms } of [round?.baseline ?? {}, round?.figures ?? {}])
      for (const figure of [calls, p50Ms, p99Ms, p999Ms]) expect(figure).toBeGreaterThan(0);
    const isKnown = process.platform === "linux";
    const side = {
      loopDelay: { p99Ms: expect.any(Number), maxMs: expect.any(Number) },
      residentMib: { most: isKnown ? expect.any(Number) : expect.anything() },
      more: { descriptors: isKnown ? expect.any(Number) : null, resources: expect.any(Number) },
    };
    expect(round?.vitals).toMatchObject(isKnown ? { supervisor: side, worker: side } : { supervisor: {} });
    expect(run.verdicts).toHaveLength(3);
    for (const { shape, value, verdict } of run.verdicts)
      expect({ shape, value, verdict }).toEqual({
        shape: "L1",
        value: expect.any(Number),
        verdict: expect.stringMatching(/^(kept|short)$/),
      });
    await rm(out, { recursive: true });
  },
);

test("a shape is judged by the median of its rounds, and held against the last that was stored", async () => {
  const round = (p99Ms: number): unknown => ({
    baseline: { p99Ms: 1 },
    figures: { p99Ms, p999Ms: 9, failed: 0 },
  });
  const script = `
    import { isRed, judge, regressions } from ${JSON.stringify(join(bench, "soak/verdicts.mjs"))};
    const [good, bad] = ${JSON.stringify([
      [round(3), round(9), round(3.5)],
      [round(9), round(3), round(5)],
    ])}.map((rounds) => judge("L1", rounds, "linux"));
    const worse = regressions(bad, good);
    console.log(JSON.stringify({
      values: [good[0].value, bad[0].value],
      red: [{ verdicts: good }, { verdicts: bad }, { error: "It ended.", verdicts: [] }].map(isRed),
      worse: worse.map(({ what, before }) => ({ what, before })),
    }));`;
  expect(await answerOf(script)).toEqual({
    values: [3.5, 5],
    red: [false, true, true],
    worse: [{ what: "p99, x the baseline's p99", before: 3.5 }],
  });
});

test("shares of latencies are known to a hundredth, whatever their size and number", async () => {
  const script = `
    import { Histogram } from ${JSON.stringify(join(bench, "histogram.mjs"))};
    const times = new Histogram();
    const empty = times.percentileMs(0.5);
    for (let ms = 1; ms <= 100_000; ms += 1) times.record(ms / 100);
    console.log(JSON.stringify({ empty, found: [0.001, 0.5, 0.99, 1].map((share) => times.percentileMs(share)) }));`;
  const { empty, found } = (await answerOf(script)) as { empty: unknown; found: readonly number[] };
  expect(empty).toBeNull();
  [1, 500, 990, 1000].forEach((ms, i) => {
    expect(Math.abs((found[i] ?? NaN) / ms - 1)).toBeLessThan(0.01);
  });
});

/** What a module printed as JSON. */
async function answerOf(script: string): Promise<unknown> {
  const child = spawn(process.execPath, ["--input-type=module", "-e", script]);
  return JSON.parse(await text(child.stdout));
}
