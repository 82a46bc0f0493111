// The built command line as a child process: what it printed where, how it ended, and what it left behind.

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { SpliceConfig } from "../../../src/config/types.js";
import { root, until } from "../harness.js";

export const main = join(root, "dist/cli/main.js");
export const cliFixtures = join(root, "test/fixtures/cli");

export interface Finished {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Node's own options, before the script. */
  readonly execArgv?: readonly string[];
}

export interface Running {
  readonly child: ChildProcess;
  readonly finished: Promise<Finished>;
  /** What it has printed so far. */
  readonly said: { stdout: string; stderr: string };
}

/**
 * Whether it says that a pool runs a further generation. Of which number is nobody's to foresee: a file that is written in
 * two breaths may be two changes, of which the second has the generation of the first given up.
 */
export function saysReloaded({ said }: Running, verdict = "", times = 1): boolean {
  return (said.stderr.match(new RegExp(`runs generation \\d+ \\(${verdict}`, "g")) ?? []).length >= times;
}

/** A folder of its own to run commands in. */
export class Project {
  readonly #running = new Set<ChildProcess>();

  private constructor(readonly folder: string) {}

  /** With the functions of the fixtures, or with these files instead. */
  static async make(files?: Readonly<Record<string, string>>): Promise<Project> {
    const folder = await mkdtemp(join(tmpdir(), "sp-"));
    if (files === undefined)
      await cp(join(cliFixtures, "functions"), join(folder, "functions"), { recursive: true });
    for (const [path, text] of Object.entries(files ?? {})) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), text);
    }
    return new Project(folder);
  }

  /** What its commands find as their configuration. */
  async configure(config: SpliceConfig): Promise<void> {
    await writeFile(join(this.folder, "splice.config.mjs"), `export default ${JSON.stringify(config)};`);
  }

  get socket(): string {
    return join(this.folder, ".splice", "splice.sock");
  }

  start(args: readonly string[], options: RunOptions = {}): Running {
    return this.spawn(process.execPath, [...(options.execArgv ?? []), main, ...args], options);
  }

  /** Runs `splice <args>` to its end. */
  run(args: readonly string[], options: RunOptions = {}): Promise<Finished> {
    return this.start(args, options).finished;
  }

  spawn(program: string, args: readonly string[], options: RunOptions = {}): Running {
    const env = { ...process.env, NODE_OPTIONS: "", ...options.env };
    const child = spawn(program, args, { cwd: this.folder, env, stdio: ["pipe", "pipe", "pipe"] });
    const said = { stdout: "", stderr: "" };
    child.stdout.on("data", (chunk: Buffer) => (said.stdout += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (said.stderr += chunk.toString()));
    child.stdin.on("error", () => undefined);
    child.stdin.end(options.stdin ?? "");
    this.#running.add(child);
    const finished = new Promise<Finished>((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code, signal) => {
        this.#running.delete(child);
        resolve({ code, signal, ...said });
      });
    });
    return { child, finished, said };
  }

  /** Starts `splice serve` and waits until its socket is there. */
  async serve(args: readonly string[] = [], socket = this.socket): Promise<Running> {
    const running = this.start(["serve", ...args]);
    await until("the socket is there", () => {
      if (running.child.exitCode !== null) throw new Error(`serve ended: ${running.said.stderr}`);
      return existsSync(socket);
    });
    return running;
  }

  /** Pids of processes that run something out of this folder, such as workers on its bundle. */
  processes(): readonly number[] {
    return readdirSync("/proc").flatMap((name) => {
      if (!/^\d+$/.test(name)) return [];
      try {
        return readFileSync(`/proc/${name}/cmdline`, "utf8").includes(this.folder) ? [Number(name)] : [];
      } catch {
        return [];
      }
    });
  }

  /** Waits until no process of this folder is left, and fails naming those that are. */
  async nothingLeft(): Promise<void> {
    await until("no process is left", () => this.processes().length === 0).catch(() => {
      throw new Error(`Processes of ${this.folder} are left: ${this.processes().join(", ")}.`);
    });
  }

  async clean(): Promise<void> {
    for (const child of this.#running) child.kill("SIGKILL");
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** The failure that --json prints on stdout. */
export function errorOf({ stdout }: Finished): Record<string, unknown> {
  const lines = stdout.trimEnd().split("\n");
  if (lines.length !== 1) throw new Error(`stdout holds ${String(lines.length)} lines: ${stdout}`);
  return (JSON.parse(stdout) as { error: Record<string, unknown> }).error;
}

/** Lines of the log, without the sentences around them. */
export function logLines(stderr: string): readonly Record<string, unknown>[] {
  return stderr
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
