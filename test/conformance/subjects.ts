// Who is put under test here: workers by their command, and a supervisor by its socket.

import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { join } from "node:path";
import { bundleFunctions } from "../../src/actors/bundle.js";
import { createWorkerProcesses } from "../../src/cli/conform/worker-processes.js";
import { loadScenarios } from "../../src/testing/conform/load-scenarios.js";
import { runSuite, type RuleReport, type SuiteReport } from "../../src/testing/conform/run-suite.js";
import type { LinkName, Scenario } from "../../src/testing/conform/scenario.js";
import type { StartSubject } from "../../src/testing/conform/subject.js";
import { fromSocket } from "../../src/transport/duplex.js";
import { startByHand } from "./by-hand.js";

export const root = join(import.meta.dirname, "../..");
export const conformFixtures = join(root, "test/fixtures/conform");

export interface SuiteRun {
  readonly link?: LinkName;
  /** Only the rules of these topics. */
  readonly topics?: readonly string[];
  readonly patienceMs?: number;
}

/** Machines stall; what is waited for this long is not coming. */
const patienceMs = 10_000;
const quietMs = 200;

export async function tryWorker(
  command: readonly [string, ...string[]],
  { link = "inherit", topics, patienceMs: patience = patienceMs }: SuiteRun = {},
): Promise<SuiteReport> {
  const processes = createWorkerProcesses(command, link, patience);
  const scenarios = await scenariosOf(topics);
  try {
    return await runSuite({
      side: "worker",
      link,
      scenarios,
      start: processes.start,
      patienceMs: patience,
      quietMs,
      jobs: 3,
    });
  } finally {
    await processes.close();
  }
}

/** As tryWorker, of a worker by hand that lives in this process: what it says and does is all that counts. */
export async function tryByHand(
  name: string,
  { topics, patienceMs: patience = patienceMs }: Omit<SuiteRun, "link"> = {},
): Promise<SuiteReport> {
  const start = await startByHand(name);
  const scenarios = await scenariosOf(topics);
  // They wait for most of their time, and there is nothing to start.
  return runSuite({
    side: "worker",
    link: "inherit",
    scenarios,
    start,
    patienceMs: patience,
    quietMs,
    jobs: 12,
  });
}

async function scenariosOf(topics: readonly string[] | undefined): Promise<readonly Scenario[]> {
  return (await loadScenarios()).filter(
    ({ name }) => topics === undefined || topics.some((topic) => name.startsWith(`${topic}/`)),
  );
}

export async function trySupervisor(socketPath: string): Promise<SuiteReport> {
  const start: StartSubject = async () => {
    const socket = connect({ path: socketPath, allowHalfOpen: true });
    await once(socket, "connect");
    const closed = new Promise((resolve) => socket.once("close", resolve));
    const destroy = async (): Promise<void> => {
      socket.destroy();
      await closed;
    };
    return { duplex: fromSocket(socket), destroy };
  };
  const scenarios = await loadScenarios();
  return runSuite({ side: "supervisor", link: "socket", scenarios, start, patienceMs, quietMs, jobs: 3 });
}

/** The command of our own worker with the functions of the suite. */
export async function typescriptWorker(outDir: string): Promise<readonly [string, ...string[]]> {
  const { file } = await bundleFunctions({ folder: join(conformFixtures, "functions"), outDir });
  return [process.execPath, join(root, "dist/worker/main.js"), "--functions", file];
}

/** A Python 3 that has msgpack: PYTHON, or one that is found; undefined when there is none. */
export function findPython(): string | undefined {
  const { PYTHON = "" } = process.env;
  const candidates =
    PYTHON === "" ? ["python3", "/usr/bin/python3", join(root, ".splice/python/bin/python3")] : [PYTHON];
  return candidates.find((program) => spawnSync(program, ["-c", "import msgpack"]).status === 0);
}

/** The broken rules as text, with what went and came: what a failed test shows. */
export function brokenText({ rules }: SuiteReport): string {
  return rules.flatMap((rule) => (rule.failure === null ? [] : [failureText(rule)])).join("\n\n");
}

function failureText({ name, failure }: RuleReport): string {
  const { expected = "", came = "", frames = [], stderr = "" } = failure ?? {};
  return [`${name}: expected ${expected}, but ${came}`, ...frames, stderr].join("\n  ");
}

export function namesOf({ rules }: SuiteReport, outcome: RuleReport["outcome"]): readonly string[] {
  return rules.filter((rule) => rule.outcome === outcome).map(({ name }) => name);
}
