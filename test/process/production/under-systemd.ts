// Starts `splice serve` as a service manager would: with a descriptor at 3, and LISTEN_PID naming the very process.

import { spawn, type ChildProcess } from "node:child_process";
import { main, type Finished, type Project } from "../cli/run-cli.js";

export interface Service {
  readonly child: ChildProcess;
  readonly said: { readonly stdout: string; readonly stderr: string };
  readonly finished: Promise<Finished>;
}

const running = new Set<ChildProcess>();

/** Those that a test which failed has left. */
export function endServices(): void {
  for (const child of running) child.kill("SIGKILL");
}

/** Without `fd` nothing is handed over. A LISTEN_PID in `env` is taken as it is. */
export function spawnWith(
  project: Project,
  fd: number | null,
  env: Readonly<Record<string, string>>,
  args: readonly string[] = ["serve"],
): Service {
  const own = "LISTEN_PID" in env ? "" : "LISTEN_PID=$$ ";
  const child = spawn("/bin/sh", ["-c", `${own}exec "$@"`, "sh", process.execPath, main, ...args], {
    cwd: project.folder,
    env: { ...process.env, NODE_OPTIONS: "", ...env },
    stdio: ["ignore", "pipe", "pipe", fd ?? "ignore"],
  });
  running.add(child);
  const said = { stdout: "", stderr: "" };
  child.stdout?.on("data", (chunk: Buffer) => (said.stdout += chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => (said.stderr += chunk.toString()));
  const finished = new Promise<Finished>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      running.delete(child);
      resolve({ code, signal, ...said });
    });
  });
  return { child, said, finished };
}
