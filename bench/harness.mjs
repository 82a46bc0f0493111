// What the runners of bench/ share: a measurement in a process of its own, the peers installed, the machine's line.

import { spawn, spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
let running = null;

/** SIGINT and SIGTERM end the measurement that runs, with all that it started, and this process with exit code 130. */
export function endWithChildren() {
  for (const signal of ["SIGINT", "SIGTERM"]) {
    process.once(signal, () => {
      if (running !== null) killGroup(running);
      process.exit(130);
    });
  }
}

/** Runs a script in a process group of its own; what it printed last on stdout is its answer. */
export function drive(script, task, timeoutMs, nodeOptions = []) {
  return new Promise((settle) => {
    const child = spawn(process.execPath, [...nodeOptions, script, JSON.stringify(task)], {
      cwd: dirname(script),
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    running = child;
    const output = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"]) {
      child[name].setEncoding("utf8").on("data", (text) => {
        output[name] = (output[name] + text).slice(-20_000);
      });
    }
    let hasTimedOut = false;
    const timer = setTimeout(() => {
      hasTimedOut = true;
      killGroup(child);
    }, timeoutMs);
    child.once("exit", (code, signal) => {
      clearTimeout(timer);
      running = null;
      // What it left behind would disturb the next one, and may hold the pipes open.
      killGroup(child);
      setImmediate(() => {
        child.stdout.destroy();
        child.stderr.destroy();
        if (hasTimedOut)
          settle({ error: `It was not done within ${String(timeoutMs)} ms.\n${output.stderr}` });
        else if (code === 0) settle(JSON.parse(output.stdout.trimEnd().split("\n").at(-1)));
        else
          settle({
            error: `Its process ended with ${signal ?? `exit code ${String(code)}`}.\n${output.stderr}`,
          });
      });
    });
  });
}

function killGroup(child) {
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch (error) {
    // Nobody of the group is left.
    if (error.code !== "ESRCH") throw error;
  }
}

export function machineLine() {
  const { node } = process.versions;
  const cpu = cpus()[0]?.model.trim() ?? "unknown processor";
  const platform = `${process.platform}-${process.arch}`;
  return { cpu, cores: availableParallelism(), node, platform, date: new Date().toISOString().slice(0, 10) };
}

export function installIfNeeded() {
  const installed = resolve(here, "node_modules/.package-lock.json");
  const lock = resolve(here, "package-lock.json");
  if (!existsSync(resolve(here, "../dist/index.js")))
    wrongUse(
      "dist/ is missing: run `npm run build` first, or use the scripts `bench` and `soak` of package.json, which do.",
    );
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs) return;
  progress("Installing the contenders: npm ci in bench/");
  const { status } = spawnSync("npm", ["ci", "--no-audit", "--no-fund"], {
    cwd: here,
    stdio: ["ignore", 2, 2],
  });
  if (status !== 0)
    wrongUse(`npm ci in bench/ ended with exit code ${String(status)}; the lines above say why.`);
}

export function wrongUse(message) {
  process.stderr.write(`${message}\n`);
  process.exit(2);
}

export function progress(line) {
  process.stderr.write(`${line}\n`);
}
