import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { afterEach, expect, jest, test } from "@jest/globals";
import { noGuard } from "../../src/actors/guard-link.js";
import { ProcessRegistry } from "../../src/actors/process-registry.js";
import type { InstanceId } from "../../src/ids.js";
import { instanceInput } from "./under-parent.js";

const children: ChildProcess[] = [];

async function start(registry: ProcessRegistry, instance: number, script: string): Promise<ChildProcess> {
  const child = spawn("/bin/sh", ["-c", script], { detached: true, stdio: ["ignore", "pipe", "ignore"] });
  children.push(child);
  await once(child, "spawn");
  registry.add({
    ...instanceInput(instance),
    startedAtMs: 0,
    child,
    tell: () => undefined,
    link: new Promise(() => undefined),
    guard: noGuard,
    outbox: null,
    capabilities: 0,
    isInService: false,
    onHealthStatus: null,
  });
  return child;
}

afterEach(() => {
  for (const child of children.splice(0)) if (child.exitCode === null) child.kill("SIGKILL");
});

const id = (instance: number) => instance as InstanceId;

test("a signal reaches the process and what it started", async () => {
  const registry = new ProcessRegistry();
  const child = await start(registry, 1, "sleep 300 & echo $!; wait");
  await once(child.stdout ?? child, "data");
  const closed = once(child, "close");
  registry.signal(id(1), "SIGKILL");
  const [, signal] = (await once(child, "exit")) as [number | null, string | null];
  expect(signal).toBe("SIGKILL");
  // The child it started held stdout open; it closes because that one is gone too.
  await closed;
  registry.remove(id(1));
});

test("removing a process kills what is left of its group", async () => {
  const registry = new ProcessRegistry();
  const child = await start(registry, 1, "sleep 300 & exit 0");
  const closed = once(child, "close");
  await once(child, "exit");
  registry.remove(id(1));
  // The grandchild held stdout open; it closes because that process is gone.
  await closed;
});

test("a process that was removed gets no signal, nor does one that was never there", async () => {
  const registry = new ProcessRegistry();
  const child = await start(registry, 1, "exit 0");
  await once(child, "exit");
  registry.remove(id(1));
  const kill = jest.spyOn(process, "kill");
  registry.signal(id(1), "SIGKILL");
  registry.signal(id(2), "SIGKILL");
  registry.remove(id(1));
  registry.killAll();
  expect(kill).not.toHaveBeenCalled();
  kill.mockRestore();
});

test("killAll ends them all, and runs when our own process exits while any is left", async () => {
  const before = process.listenerCount("exit");
  const registry = new ProcessRegistry();
  const both = [await start(registry, 1, "sleep 300"), await start(registry, 2, "sleep 300")];
  const onExit = process.listeners("exit").at(-1);
  expect(process.listenerCount("exit")).toBe(before + 1);
  const ended = Promise.all(both.map((child) => once(child, "exit")));
  onExit?.(0);
  expect((await ended).map(([, signal]) => signal as unknown)).toEqual(["SIGKILL", "SIGKILL"]);
  registry.remove(id(1));
  expect(process.listenerCount("exit")).toBe(before + 1);
  registry.remove(id(2));
  expect(process.listenerCount("exit")).toBe(before);
});

test("once closed it has killed what was there and says that nothing may be started", async () => {
  const registry = new ProcessRegistry();
  const child = await start(registry, 1, "sleep 300");
  expect(registry.isClosed).toBe(false);
  const ended = once(child, "exit");
  registry.close();
  await ended;
  expect(registry.isClosed).toBe(true);
  registry.remove(id(1));
});
