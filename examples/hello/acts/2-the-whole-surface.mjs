// Act 2: the same functions with types, a module of the program itself in a process of its own, and a supervisor that
// is another process, reached by connect() and by the command line.

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { connect, isolate } from "splice-runtime";
import { act, say, show } from "../stage.mjs";

const here = fileURLToPath(new URL("..", import.meta.url));
const bin = fileURLToPath(new URL("./cli/main.js", import.meta.resolve("splice-runtime")));

export async function theWholeSurface(splice) {
  act(2, "the same from everywhere");
  const { math } = splice.functions();
  await show("math.add({ a: 2, b: 3 }) by functions()", math.add({ a: 2, b: 3 }));

  const words = await isolate(new URL("../modules/words.ts", import.meta.url), { splice });
  await show("a module of this program, isolated", words.count({ text: "runs in a process of its own" }));
  await words[Symbol.asyncDispose]();

  const folder = await mkdtemp(join(tmpdir(), "hello-"));
  const socket = join(folder, "splice.sock");
  const args = ["serve", "--socket", socket, "--log-level", "error"];
  const supervisor = spawn(process.execPath, [bin, ...args], { cwd: here, stdio: "inherit" });
  try {
    const connected = await connect({ socket, waitMs: 20_000 });
    say(`\`splice serve\` is process ${supervisor.pid} now; another program connects to it:`);
    await show(
      "users.whoami() over its socket",
      connected.call("users.whoami", undefined, { auth: { userId: "bob" } }),
    );
    const { stdout } = await promisify(execFile)(process.execPath, [
      ...[bin, "call", "math.add", '{"a":40,"b":2}', "--socket", socket],
    ]);
    say(`splice call math.add '{"a":40,"b":2}'  →  ${stdout.trim()}`);
    const running = connected.call("slow.wait", { ms: 60_000 });
    supervisor.kill("SIGKILL");
    await show("a call under way as its supervisor is killed", running);
    await connected.close();
  } finally {
    if (supervisor.exitCode === null && supervisor.signalCode === null) {
      supervisor.kill("SIGKILL");
      await once(supervisor, "exit");
    }
    await rm(folder, { recursive: true, force: true });
  }
}
