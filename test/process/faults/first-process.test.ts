// The supervisor as the first process of a container (row 30). A PID namespace of its own is what makes one, where the
// system lets us have it; where it does not, these tests are skipped and say so.

import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { main, Project } from "../cli/run-cli.js";
import { isAlive, RawHost, until } from "../harness.js";

const unshare = ["--pid", "--fork", "--mount-proc", "--kill-child"];
const isAllowed = spawnSync("unshare", [...unshare, "true"]).status === 0;
const title = isAllowed ? "as PID 1" : "as PID 1 (skipped: this system gives no PID namespace, see unshare)";
const describeAllowed = isAllowed ? describe : describe.skip;

let project: Project;

beforeEach(async () => {
  project = await Project.make({
    "package.json": "{}",
    // The shell ends at once; what it started has no parent then, and is PID 1's.
    "functions/orphan.ts": `import { spawnSync } from "node:child_process";
export function leave() { spawnSync("setsid", ["sh", "-c", "sleep 0.05 &"], { stdio: "ignore" }); return 1; }
export function echo() { return 1; }
`,
  });
});
afterEach(async () => {
  await project.clean();
});

interface Line {
  readonly pid: number;
  readonly parent: number;
  readonly state: string;
}

function lines(): readonly Line[] {
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const stat = readFileSync(`/proc/${name}/stat`, "utf8");
      const [state = "", parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return [{ pid: Number(name), parent: Number(parent), state }];
    } catch {
      return [];
    }
  });
}

/** Starts a program as PID 1 of a namespace; resolves with its pid outside once the socket answers. */
async function asFirst(program: readonly string[]) {
  const running = project.spawn("unshare", [...unshare, ...program]);
  const first = await until("the first process is there", () =>
    lines().find(({ parent }) => parent === running.child.pid),
  );
  const host = await until(`it serves (${running.said.stderr})`, () =>
    running.said.stderr.includes('"serving ') ? RawHost.open(project.socket) : null,
  );
  return { running, first: first.pid, host };
}

const serve = [process.execPath, main, "serve"];
const zombiesOf = (first: number) =>
  lines().filter(({ parent, state }) => parent === first && state === "Z").length;

describeAllowed(title, () => {
  test("it serves, and SIGTERM ends it with 0 and everything with it", async () => {
    const { running, first, host } = await asFirst(serve);
    host.invoke(1, "orphan.echo");
    expect((await host.answer(1)).type).toBe("InvokeResult");
    const family = lines().filter(({ parent }) => parent === first);
    expect(family.length).toBeGreaterThan(0);
    process.kill(first, "SIGTERM");
    expect((await running.finished).code).toBe(0);
    for (const { pid } of family) expect(isAlive(pid)).toBe(false);
  });

  test("an orphan that a function left stays a zombie: Node takes no note of it; under an init it does not", async () => {
    const alone = await asFirst(serve);
    alone.host.invoke(1, "orphan.leave");
    expect((await alone.host.answer(1)).type).toBe("InvokeResult");
    await until("the orphan is a zombie", () => zombiesOf(alone.first) === 1);
    process.kill(alone.first, "SIGTERM");
    expect((await alone.running.finished).code).toBe(0);

    // A shell that waits takes note of every child's end, which is all that an init has to do here.
    const init = await asFirst([
      "/bin/sh",
      "-c",
      `"$0" "$@" & while :; do wait || :; sleep 0.05; done`,
      ...serve,
    ]);
    for (const id of [1, 2, 3]) {
      init.host.invoke(id, "orphan.leave");
      expect((await init.host.answer(id)).type).toBe("InvokeResult");
    }
    await until("no orphan is left", () => {
      const children = lines().filter(({ parent }) => parent === init.first);
      return children.every(({ state }) => state !== "Z") && children.length <= 2;
    });
    init.running.child.kill("SIGKILL");
    await init.running.finished;
  });

  test.each([
    ["Node", [process.execPath, main], "warn", "start the container with an init"],
    ["a shell", ["/bin/sh", "-c", `"$0" "$@"; exit $?`, process.execPath, main], "ok", "PID 1 is sh"],
  ])("splice doctor under %s says so", async (_, program, level, message) => {
    const { stdout } = await project.spawn("unshare", [...unshare, ...program, "doctor", "--json"]).finished;
    const { findings } = JSON.parse(stdout) as { findings: { name: string }[] };
    expect(findings.find(({ name }) => name === "init")).toMatchObject({
      level,
      message: expect.stringContaining(message),
    });
  });
});
