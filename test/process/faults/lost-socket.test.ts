// The socket of a running supervisor is deleted, or replaced, by somebody (row 71): it comes back, hosts that connect
// again are served, and those that are connected notice nothing.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { lstat, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { connect } from "../../../src/client/connect.js";
import {
  closeLeftovers,
  fixtures,
  refuseStart,
  root,
  startSystem,
  type TestSystem,
  until,
} from "../harness.js";

const functions = join(fixtures, "faults/functions");
let folder = "";
let socket = "";

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "st-"));
  socket = join(folder, "run/s.sock");
});
afterEach(async () => {
  await closeLeftovers();
  await rm(folder, { recursive: true, force: true });
});

function warnings(system: TestSystem): readonly string[] {
  return system.log.filter(({ level }) => level === "warn").map(({ message }) => message);
}

const modeOf = async (path: string) => ((await lstat(path)).mode & 0o777).toString(8);

test.each(["the socket", "its folder"])(
  "%s is deleted: it is back, as private as before, and both an old host and a new one are served",
  async (what) => {
    const system = await startSystem({ functions, socket });
    const host = await system.connectHost();
    const client = await connect({ socket });
    await rm(what === "the socket" ? socket : join(folder, "run"), { recursive: true });
    await expect(connect({ socket })).rejects.toMatchObject({ details: { reason: "no-supervisor" } });
    const late = await connect({ socket, waitMs: 20_000 });
    expect(await late.exports()).toEqual(await system.splice.exports());
    expect([await modeOf(join(folder, "run")), await modeOf(socket)]).toEqual(["700", "600"]);
    expect(await readdir(join(folder, "run"))).toEqual(["s.sock"]);
    host.invoke(1, "work.echo", { key: "h1" });
    expect((await host.answer(1)).type).toBe("InvokeResult");
    expect(await client.exports()).toHaveLength((await late.exports()).length);
    expect(warnings(system)).toEqual([
      expect.stringContaining("deleted or replaced, and has been made again"),
    ]);
    // It is this supervisor's in every way: a second one does not get it.
    expect((await refuseStart({ functions, socket })).error).toMatchObject({ reason: "in-use" });
    await client.close();
    await late.close();
    await system.end();
    expect(await readdir(join(folder, "run"))).toEqual([]);
  },
);

test("another one has the path now: it keeps it, one warning says so, and when it is gone hosts come here again", async () => {
  const system = await startSystem({ functions, socket });
  await rm(socket);
  const other = createServer((peer) => peer.on("error", () => undefined).end());
  other.listen(socket);
  await once(other, "listening");
  const { ino } = await lstat(socket);
  await until("it is noticed", () => warnings(system).length > 0);
  // More than one look later.
  let tried = 0;
  other.on("connection", () => (tried += 1));
  await until("it was looked at again", () => tried >= 2);
  expect((await lstat(socket)).ino).toBe(ino);
  expect(warnings(system)).toEqual([expect.stringContaining("no new host reaches this supervisor")]);
  other.close();
  const late = await connect({ socket, waitMs: 20_000 });
  expect(await late.exports()).toEqual(await system.splice.exports());
  await late.close();
  expect(warnings(system)).toHaveLength(2);
  await system.end();
});

test("a file that somebody put there is not touched, also when the supervisor leaves", async () => {
  const system = await startSystem({ functions, socket });
  await rm(socket);
  await writeFile(socket, "mine");
  await until("it is noticed", () => warnings(system).length > 0);
  expect(warnings(system)).toEqual([expect.stringContaining("is a regular file, not a socket")]);
  await system.end();
  expect(await readFile(socket, "utf8")).toBe("mine");
});

test("a program that has closed its supervisor ends by itself, with its socket there or deleted", async () => {
  const url = pathToFileURL(join(root, "dist/index.js")).href;
  for (const isDeleted of [false, true]) {
    const program = `
      import { rmSync } from "node:fs";
      import { createSplice } from ${JSON.stringify(url)};
      const splice = await createSplice(${JSON.stringify({ functions, socket })});
      if (${String(isDeleted)}) rmSync(${JSON.stringify(socket)});
      await splice.close();
    `;
    const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
      cwd: folder,
      stdio: ["ignore", "ignore", "ignore"],
    });
    expect(await once(child, "exit")).toEqual([0, null]);
  }
});
