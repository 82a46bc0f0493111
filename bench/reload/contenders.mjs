// Who brings an edit into service, each on a project of its own with fifty modules: Splice, and the two ways in which
// people restart a server. Each answers with the version that it runs, or does not answer.

import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { connect } from "../../dist/index.js";

const here = fileURLToPath(new URL(".", import.meta.url));
const cli = resolve(here, "../../dist/cli/main.js");
const require = createRequire(import.meta.url);
const binOf = (name) => {
  const manifest = require.resolve(`${name}/package.json`);
  const { bin } = require(manifest);
  return join(dirname(manifest), typeof bin === "string" ? bin : bin[name]);
};

function run(args, cwd) {
  const child = spawn(process.execPath, args, {
    cwd,
    stdio: ["ignore", "ignore", "inherit"],
    detached: true,
  });
  return {
    pid: child.pid,
    stop: () =>
      new Promise((done) => {
        child.once("exit", done);
        try {
          process.kill(-child.pid, "SIGTERM");
        } catch {
          done();
        }
      }),
  };
}

async function splice(project, mode) {
  const socket = join(project.folder, "s.sock");
  const server = run([cli, ...mode, "--socket", socket, "--log-level", "error"], project.folder);
  const handle = await connect({ socket, waitMs: 60_000 });
  return {
    pid: server.pid,
    ask: (key, waitMs = 0) => handle.call(`m${String(key)}.version`, { waitMs }, { timeoutMs: 30_000 }),
    stop: async () => {
      await handle.close();
      await server.stop();
    },
  };
}

async function http(project, args) {
  const server = run(args, project.folder);
  const base = `http://127.0.0.1:${String(project.port)}`;
  const ask = async (key, waitMs = 0) => {
    const answer = await fetch(`${base}/m${String(key)}?waitMs=${String(waitMs)}`, {
      signal: AbortSignal.timeout(30_000),
    });
    if (answer.status !== 200) throw new Error(`status ${String(answer.status)}`);
    return answer.json();
  };
  for (;;) {
    const version = await ask(0).catch(() => null);
    if (version !== null) break;
    await new Promise((done) => setTimeout(done, 20));
  }
  return { pid: server.pid, ask, stop: server.stop };
}

export const contenders = {
  "splice-dev": { title: "splice dev", start: (project) => splice(project, ["dev"]) },
  "splice-watch": {
    title: "splice serve --watch",
    start: (project) => splice(project, ["serve", "--watch"]),
  },
  "tsx-watch": {
    title: "tsx watch",
    start: (project) => http(project, [binOf("tsx"), "watch", "--clear-screen=false", "server.ts"]),
  },
  nodemon: {
    title: "nodemon --exec tsx",
    start: (project) =>
      http(project, [
        binOf("nodemon"),
        "--quiet",
        "--watch",
        "functions",
        "--ext",
        "ts",
        "--exec",
        `${process.execPath} ${binOf("tsx")}`,
        "server.ts",
      ]),
  },
};
