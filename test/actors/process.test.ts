import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, test } from "@jest/globals";
import { createKillActor } from "../../src/actors/kill.js";
import { createProcessActor } from "../../src/actors/process.js";
import { ProcessRegistry } from "../../src/actors/process-registry.js";
import type { PoolLaunch } from "../../src/actors/worker-command.js";
import type { InstanceId } from "../../src/ids.js";
import { realClock, type Clock } from "../../src/time.js";
import { createVirtualClock } from "../../src/testing/virtual-clock.js";
import { instanceInput, runUnderParent, type Running } from "./under-parent.js";

const folder = mkdtempSync(join(tmpdir(), "splice-process-"));
const running: Running[] = [];
afterEach(() => {
  for (const actor of running.splice(0)) actor.stop();
});

const one = 1 as InstanceId;

function run(
  program: string,
  args: readonly string[],
  link: "inherit" | "socket" = "inherit",
  registry = new ProcessRegistry(),
  clock: Clock = realClock,
  source: PoolLaunch["pool"]["source"] = { kind: "command", command: [program, ...args] },
) {
  const launch: PoolLaunch = {
    pool: {
      name: "app",
      source,
      link,
      watch: [],
      workers: 1,
      env: {},
      maxCalls: Infinity,
      maxRssMb: Infinity,
      restartType: "permanent",
      cwd: folder,
    },
    program,
    args,
  };
  const lines: string[] = [];
  const log = (message: string): void => void lines.push(message);
  const spawned: number[] = [];
  const actor = runUnderParent(
    createProcessActor({
      clock,
      log: { debug: log, info: log, warn: log, error: log },
      registry,
      launches: new Map([["app", launch]]),
      parentEnv: { PATH: process.env["PATH"] },
      hostSocket: "/run/host.sock",
      onSpawned: (_instance, pid) => spawned.push(pid),
      supervisorId: "abc123",
    }),
    instanceInput(),
  );
  running.push(actor);
  return { actor, registry, lines, spawned };
}

const shell = (script: string, link: "inherit" | "socket" = "inherit") =>
  run("/bin/sh", ["-c", script], link);

describe("a process", () => {
  test("is reported when it runs and when it ends, with its last words", async () => {
    const { actor, registry, lines, spawned } = shell("echo out; echo oh no >&2; exit 7");
    const end = await actor.heard("process.exited");
    expect(actor.types).toEqual(["process.spawned", "process.exited"]);
    expect(end).toMatchObject({ exitCode: 7, signal: null });
    expect(actor.facts[0]).toMatchObject({ pid: spawned[0] });
    expect(registry.get(one)).toBeUndefined();
    // What it printed may still be on its way when its end is told; the log gets all of it.
    await new Promise((resolve) => setImmediate(resolve));
    expect([...lines].sort()).toEqual(["oh no", "out"]);
  });

  test("knows its link, its name and its host's socket from the environment", async () => {
    const { actor, lines } = shell(
      'echo "$SPLICE_FD $SPLICE_WORKER $SPLICE_INSTANCE $SPLICE_SOCKET $ZAP_SOCKET"; echo >&3',
    );
    expect(await actor.heard("process.exited")).toMatchObject({ exitCode: 0 });
    await new Promise((resolve) => setImmediate(resolve));
    expect(lines).toEqual(["3 app:1 abc123 /run/host.sock "]);
  });

  test("ends when it ends, not when a grandchild lets go of its output; the grandchild goes with it", async () => {
    const { actor } = shell("sleep 300 & exit 3");
    expect(await actor.heard("process.exited")).toMatchObject({ exitCode: 3 });
  });

  test("that leaves a daemon behind has its pipes closed a moment after its end; its last words are kept", async () => {
    const clock = createVirtualClock();
    // The pipe tells that the daemon has left the group, which is killed when the process ends.
    const script =
      'p=$(mktemp -u); mkfifo $p; setsid sh -c "echo \\$\\$; : > $p; exec sleep 300" & cat $p; rm $p; printf unfinished';
    const { actor, registry, lines } = run("/bin/sh", ["-c", script], "inherit", undefined, clock);
    const child = registry.get(one)?.child;
    const isOpen = () => child?.stdio.slice(1).map((pipe) => pipe?.destroyed === false);
    const closed = new Promise((resolve) => child?.once("close", resolve));
    await actor.heard("process.exited");
    // The daemon holds all three.
    clock.advance(99);
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    expect(isOpen()).toEqual([true, true, true]);
    clock.advance(1);
    await closed;
    const [daemon = "", ...rest] = lines;
    process.kill(Number(daemon), "SIGKILL");
    expect(rest).toEqual(["unfinished"]);
    expect([isOpen(), clock.timerCount]).toEqual([[false, false, false], 0]);
  });

  test("that leaves nothing behind leaves no timer either", async () => {
    const clock = createVirtualClock();
    const { actor, registry } = run("/bin/true", [], "inherit", undefined, clock);
    const child = registry.get(one)?.child;
    const closed = new Promise((resolve) => child?.once("close", resolve));
    const link = await registry.get(one)?.link;
    link?.attach({
      data: () => undefined,
      drain: () => undefined,
      end: () => link.destroy(),
      close: () => undefined,
    });
    link?.resume();
    await actor.heard("process.exited");
    await closed;
    expect(clock.timerCount).toBe(0);
  });

  test("is signalled by the kill actor, and named by what ended it", async () => {
    const { actor, registry } = shell("sleep 300");
    await actor.heard("process.spawned");
    running.push(runUnderParent(createKillActor(registry), { ...instanceInput(), signal: "SIGTERM" }));
    expect(await actor.heard("process.exited")).toMatchObject({ exitCode: null, signal: "SIGTERM" });
  });

  test("is killed when its actor is stopped, and reports nothing more", async () => {
    const { actor, registry } = shell("sleep 300");
    await actor.heard("process.spawned");
    const child = registry.get(one)?.child;
    const ended = new Promise((resolve) =>
      child?.once("exit", (_code, signal) => {
        resolve(signal);
      }),
    );
    actor.stop();
    expect(await ended).toBe("SIGKILL");
    expect([actor.types, registry.get(one)]).toEqual([["process.spawned"], undefined]);
  });
});

describe("a start that fails is a fact with a sentence, never an uncaught error", () => {
  test("a program that is not there", async () => {
    const { actor, registry } = run("./no-such-program", []);
    const { reason } = (await actor.heard("process.failed")) as unknown as { reason: string };
    expect(reason).toBe(
      `"./no-such-program" was not found (looked from ${folder}); check the pool's command and cwd`,
    );
    expect([actor.types, registry.get(one)]).toEqual([["process.failed"], undefined]);
  });

  test("a file without its x bit", async () => {
    writeFileSync(join(folder, "plain"), "#!/bin/sh\n", { mode: 0o644 });
    const { actor } = run("./plain", []);
    expect((await actor.heard("process.failed"))["reason"]).toContain("may not be executed");
  });

  test("arguments that no program can be given", async () => {
    const { actor } = run("/bin/sh", ["-c", "a\u0000b"]);
    expect((await actor.heard("process.failed"))["reason"]).toContain("null bytes");
  });

  test("a pool without a program", async () => {
    const { actor } = run("/bin/true", []);
    await actor.heard("process.exited");
    const ports = {
      clock: realClock,
      registry: new ProcessRegistry(),
      launches: new Map(),
      parentEnv: {},
      hostSocket: null,
    };
    const other = runUnderParent(
      createProcessActor({
        ...ports,
        log: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
        onSpawned: () => undefined,
        supervisorId: "abc123",
      }),
      instanceInput(),
    );
    expect(other.facts).toEqual([{ type: "process.failed", reason: "the pool app has no program" }]);
  });

  test("a supervisor that has failed starts nothing any more", () => {
    const registry = new ProcessRegistry();
    registry.close();
    const { actor, spawned } = run("/bin/true", [], "inherit", registry);
    expect([actor.types, spawned, registry.get(one)]).toEqual([["process.failed"], [], undefined]);
  });

  test("leaves no descriptor open, however often it is tried", async () => {
    const count = () => readdirSync("/dev/fd").length;
    await run("./no-such-program", []).actor.heard("process.failed");
    await new Promise((resolve) => setImmediate(resolve));
    const before = count();
    for (let n = 0; n < 10; n++) await run("./no-such-program", []).actor.heard("process.failed");
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    expect(count()).toBeLessThanOrEqual(before);
  });
});

describe("the socket link", () => {
  test("is a path in ZAP_SOCKET; the directory goes when the worker ends before it connects", async () => {
    const { actor, lines, registry } = shell('echo "$ZAP_SOCKET,$SPLICE_FD"', "socket");
    const link = registry.get(one)?.link;
    const rejected = expect(link).rejects.toThrow("ended before it connected");
    await actor.heard("process.exited");
    await new Promise((resolve) => setImmediate(resolve));
    const [path = "", fd] = lines[0]?.split(",") ?? [];
    expect([path.endsWith(".sock"), fd, existsSync(dirname(path))]).toEqual([true, "", false]);
    await rejected;
  });

  test("leaves no directory behind when the program cannot be started", async () => {
    const before = readdirSync(tmpdir()).filter((name) => name.startsWith("splice-")).length;
    const { actor } = run("./no-such-program", [], "socket");
    await actor.heard("process.failed");
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith("splice-")).length).toBeLessThanOrEqual(
      before,
    );
  });
});

describe("the guard link", () => {
  const source = { kind: "functions", folder, execArgv: [], configPath: "functions" } as const;
  const descriptors =
    'for fd in 3 4; do [ -e /dev/fd/$fd ] && echo "$fd open"; done; echo "$SPLICE_GUARD_FD"';

  test.each(["inherit", "socket"] as const)(
    "is descriptor 4 of our own runtime, which answers on it (link: %s)",
    async (link) => {
      const answer = { function: "a.b", file: "/a.ts", line: 7, lagMs: 12 };
      const script = `${descriptors}; read question <&4; echo "$question"; echo '${JSON.stringify(answer)}' >&4; sleep 300`;
      const { actor, registry, lines } = run("/bin/sh", ["-c", script], link, undefined, undefined, source);
      const entry = registry.get(one);
      expect(await entry?.guard.where()).toEqual(answer);
      entry?.child.kill("SIGKILL");
      await actor.heard("process.exited");
      await new Promise((resolve) => setImmediate(resolve));
      expect(lines).toEqual([...(link === "inherit" ? ["3 open"] : []), "4 open", "4", "where"]);
      expect(await entry?.guard.where()).toBeNull();
    },
  );

  test("is not given to a program of somebody else's", async () => {
    const { actor, registry, lines } = shell(descriptors);
    const entry = registry.get(one);
    await actor.heard("process.exited");
    await new Promise((resolve) => setImmediate(resolve));
    expect(lines).toEqual(["3 open", ""]);
    expect(await entry?.guard.where()).toBeNull();
  });
});

process.once("exit", () => {
  rmSync(folder, { recursive: true, force: true });
});
