// Host sockets: whose they are, who may come near, and what a second supervisor on one path gets (row 25; the
// predecessor's fixed names, umask permissions and replaced sockets).

import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { lstat, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { closeLeftovers, fixtures, RawHost, refuseStart, startSystem, until } from "../harness.js";

const functions = join(fixtures, "faults/functions");
let folder = "";

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "st-"));
});
afterEach(async () => {
  await closeLeftovers();
  await rm(folder, { recursive: true, force: true });
});

const modeOf = async (path: string) => ((await lstat(path)).mode & 0o777).toString(8);

describe("a supervisor's socket", () => {
  test("is 0600 in a directory of 0700, whatever the umask, and goes with the supervisor", async () => {
    const umask = process.umask(0);
    try {
      const socket = join(folder, "run/s.sock");
      const system = await startSystem({ functions, socket });
      expect(await modeOf(socket)).toBe("600");
      expect(await modeOf(join(folder, "run"))).toBe("700");
      expect((await readdir(join(folder, "run"))).filter((name) => name !== "s.sock")).toEqual([]);
      await system.end();
      expect(await readdir(join(folder, "run"))).toEqual([]);
    } finally {
      process.umask(umask);
    }
  });

  test("is the first one's: a second supervisor on its path is refused, its workers go, the first serves on (row 25)", async () => {
    const socket = join(folder, "s.sock");
    const system = await startSystem({ functions, socket });
    const host = await system.connectHost();
    const another = await system.connectHost();
    for (let i = 1; i <= 3; i++) {
      const { error, message } = await refuseStart({ functions, socket });
      expect(error).toMatchObject({ name: "ListenError", reason: "in-use" });
      expect(message).toContain(socket);
      host.invoke(i, "work.echo", { key: `h${String(i)}`, value: i });
      expect((await host.answer(i)).type).toBe("InvokeResult");
    }
    another.invoke(1, "work.echo", { key: "another" });
    expect((await another.answer(1)).type).toBe("InvokeResult");
    await system.end();
  });

  test("is not had where something else listens or lies, and that stays as it was", async () => {
    const busy = join(folder, "busy.sock");
    const server = createServer();
    server.listen(busy);
    await once(server, "listening");
    expect((await refuseStart({ functions, socket: busy })).error).toMatchObject({ name: "ListenError" });
    expect((await lstat(busy)).isSocket()).toBe(true);
    server.close();
    await once(server, "close");
    const file = join(folder, "file.sock");
    await writeFile(file, "mine");
    expect((await refuseStart({ functions, socket: file })).error).toMatchObject({ name: "ListenError" });
    expect((await lstat(file)).isFile()).toBe(true);
  });
});

test("who connects to the host socket as a worker is refused and gets no call", async () => {
  const system = await startSystem({
    functions,
    socket: join(folder, "s.sock"),
    restart: { backoffMs: [200] },
  });
  const stranger = RawHost.open(join(folder, "s.sock"), { role: "Worker" }).then(
    () => "accepted",
    () => "refused",
  );
  expect(await stranger).toBe("refused");
  process.kill(await system.pid(), "SIGKILL");
  await until("the end is noticed", () => system.journal.of("exit").length === 1);
  expect((await system.call("work.echo")).code).toBe(0);
  await system.end();
});

test("a host's calls end with 2003 when the worker dies, and its connection lives", async () => {
  const system = await startSystem({
    functions,
    socket: join(folder, "s.sock"),
    restart: { backoffMs: [0] },
  });
  const host = await system.connectHost();
  for (let id = 1; id <= 20; id++) host.invoke(id, "work.hang", { key: `h${String(id)}` });
  await until("all are dispatched", () => system.journal.of("dispatch").length === 20);
  process.kill(await system.pid(), "SIGKILL");
  for (let id = 1; id <= 20; id++) {
    expect(await host.answer(id)).toMatchObject({
      type: "InvokeError",
      requestId: id,
      code: 2003,
      kind: "System",
    });
  }
  host.invoke(21, "work.echo", { key: "h21" });
  expect((await host.answer(21)).type).toBe("InvokeResult");
  await system.end();
});
