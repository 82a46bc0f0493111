// Hosts that go away with calls under way: killed (row 31), or with half of their connection closed (row 32). What they
// had is cancelled and freed, and nobody else is disturbed.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, expect, test } from "@jest/globals";
import { closeLeftovers, makeFolder, root, startSystem, type TestSystem, until } from "../harness.js";

afterEach(closeLeftovers);

async function serve(functions = "test/fixtures/faults/functions") {
  const folder = await makeFolder();
  const system = await startSystem(
    {
      pools: { app: { functions } },
      limits: { maxInFlight: 101 },
      health: { cancelGraceMs: 50 },
      socket: join(folder, "s"),
    },
    { keyed: !functions.includes("hosts") },
  );
  return { system, socket: join(folder, "s"), file: join(system.folder, "go") };
}

/** A program that makes 100 calls, each with its key; resolves when all are with the worker. Returns how to kill it. */
async function callFromOutside(
  system: TestSystem,
  socket: string,
  functionName: string,
  params: Readonly<Record<string, unknown>>,
): Promise<() => Promise<void>> {
  const { host: history } = system.records;
  const callerId = 1;
  for (let requestId = 1; requestId <= 100; requestId++) {
    const who = { callerId, requestId, atMs: performance.now(), functionName };
    history.push({ kind: "invoke", ...who, key: `h${String(requestId)}` });
  }
  const url = pathToFileURL(join(root, "dist/index.js")).href;
  const program = `
    import { connect } from ${JSON.stringify(url)};
    const splice = await connect({ socket: ${JSON.stringify(socket)} });
    const params = ${JSON.stringify(params)};
    for (let n = 1; n <= 100; n++)
      splice.call(${JSON.stringify(functionName)}, { ...params, key: "h" + n }).catch(() => undefined);
  `;
  const host = spawn(process.execPath, ["--input-type=module", "-e", program], { stdio: "inherit" });
  await until("its calls are in flight", () => system.journal.of("dispatch").length === 100);
  return async () => {
    host.kill("SIGKILL");
    await once(host, "exit");
    history.push({ kind: "gone", callerId, atMs: performance.now() });
  };
}

test("a host killed with 100 calls in flight: the worker's functions are told, and every counter is 0 by itself", async () => {
  const { system, socket } = await serve("test/fixtures/hosts/functions");
  const kill = await callFromOutside(system, socket, "work.untilCancelled", {});
  const waiting = async () => (await system.call("work.waiting")).value;
  await until("all of them run", async () => (await waiting()) === 100);
  await kill();
  await until("all of them have heard of it", async () => (await waiting()) === 0);
  await system.atRest();
  expect((await system.splice.status()).calls).toMatchObject({ active: 0, cancelled: 100 });
  expect(system.journal.of("cancel")).toHaveLength(100);
  // Every slot is there again: as many calls as before fit at once.
  const again = await Promise.all(Array.from({ length: 101 }, () => system.call("work.waiting")));
  expect(again.filter(({ code }) => code !== 0)).toEqual([]);
  await system.end();
});

test("a host killed with 100 calls of a deaf function leaves nothing behind, and its neighbour's call is answered", async () => {
  const { system, socket, file } = await serve();
  const kill = await callFromOutside(system, socket, "work.hold", { file });
  const neighbour = system.call("work.hold", { file });
  await kill();
  await until("they are cancelled", () => system.journal.of("cancel").length === 100);
  await writeFile(file, "");
  expect(await neighbour).toMatchObject({ code: 0 });
  await system.atRest();
  expect((await system.splice.status()).calls).toMatchObject({ active: 0, ok: 1, cancelled: 100 });
  await system.end();
});

test("a host that closes its half with calls in flight counts as gone: no answer is waited for, nothing leaks", async () => {
  const { system, file } = await serve();
  const host = await system.connectHost();
  for (let requestId = 1; requestId <= 5; requestId++)
    host.invoke(requestId, "work.hold", { key: system.nextKey(), file });
  await until("its calls are in flight", () => system.journal.of("dispatch").length === 5);
  host.socket.end();
  await until("they are cancelled", () => system.journal.of("cancel").length === 5);
  await until("its connection is closed", () => host.isClosed);
  await writeFile(file, "");
  expect(await system.call("work.pid")).toMatchObject({ code: 0 });
  await system.end();
});
