// A real worker process with its link on descriptor 3, and what it said on stderr and stdout.

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { bundleFunctions } from "../../src/actors/bundle.js";
import { createGuardLink, noGuard, type GuardLink } from "../../src/actors/guard-link.js";
import { realClock } from "../../src/time.js";
import { Peer } from "../worker/peer.js";

const root = join(import.meta.dirname, "../..");

export const fixtures = join(root, "test/fixtures/functions");

export interface Ending {
  readonly code: number | null;
  readonly signal: string | null;
}

export interface SpawnedWorker {
  readonly child: ChildProcess;
  readonly peer: Peer;
  readonly guard: GuardLink;
  /** Resolves when the process is gone and both outputs are read. */
  readonly ended: Promise<Ending>;
  output(): { readonly stdout: string; readonly stderr: string };
}

export interface Worlds {
  /** Bundles the folder and starts a worker on it. */
  start(folder: string, options?: StartOptions): Promise<SpawnedWorker>;
  startBundle(bundle: string, options?: StartOptions): SpawnedWorker;
  readonly scratch: string;
  /** Kills what still runs and removes the scratch folder. */
  clean(): Promise<void>;
}

export interface StartOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly detached?: boolean;
  /** With a guard link on descriptor 4. */
  readonly guarded?: boolean;
  /** Arguments of Node itself. */
  readonly execArgv?: readonly string[];
}

export async function createWorlds(): Promise<Worlds> {
  const scratch = await mkdtemp(join(tmpdir(), "splice-worker-"));
  const workers: SpawnedWorker[] = [];

  function startBundle(bundle: string, options: StartOptions = {}): SpawnedWorker {
    const guarded = options.guarded ?? false;
    const args = [
      ...(options.execArgv ?? []),
      join(root, "dist/worker/main.js"),
      "--functions",
      bundle,
      ...(options.args ?? []),
    ];
    const env = { PATH: process.env["PATH"], SPLICE_FD: "3", SPLICE_INSTANCE: "i", ...options.env };
    const guardEnv = guarded ? { SPLICE_GUARD_FD: "4" } : {};
    const stdio = ["ignore", "pipe", "pipe", "pipe", ...(guarded ? (["pipe"] as const) : [])] as const;
    const child = spawn(process.execPath, args, {
      env: { ...env, ...guardEnv },
      stdio: [...stdio],
      detached: options.detached ?? false,
    });
    const said = { stdout: "", stderr: "" };
    child.stdout?.on("data", (chunk: Buffer) => (said.stdout += chunk.toString()));
    child.stderr?.on("data", (chunk: Buffer) => (said.stderr += chunk.toString()));
    const ended = new Promise<Ending>((resolve) => {
      child.on("close", (code, signal) => {
        resolve({ code, signal });
      });
    });
    const worker = {
      child,
      peer: new Peer(child.stdio[3] as Duplex),
      guard: guarded ? createGuardLink(child.stdio[4] as Socket, realClock) : noGuard,
      ended,
      output: () => said,
    };
    workers.push(worker);
    return worker;
  }

  return {
    scratch,
    startBundle,
    async start(folder, options) {
      const outDir = await mkdtemp(join(scratch, "build-"));
      const { file } = await bundleFunctions({ folder, outDir });
      return startBundle(file, options);
    },
    async clean() {
      for (const { child, ended } of workers) {
        child.kill("SIGKILL");
        await ended;
      }
      await rm(scratch, { recursive: true, force: true });
    },
  };
}
