// docs/guides/http.md: its programs run and print what it says they print, and its tables are those of the source.

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "@jest/globals";
import { errorTable, SpliceError } from "../../../src/errors.js";
import { resolveHttpOptions } from "../../../src/http/options.js";
import { statusOf } from "../../../src/http/status.js";
import { codeBlocks, read } from "../../docs/markdown.js";
import { makeFolder, root, until } from "../harness.js";

const page = read("docs/guides/http.md");
const blocks = codeBlocks(page);
const run = promisify(execFile);
const env = { ...process.env, NODE_OPTIONS: "" };

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

describe("docs/guides/http.md", () => {
  test("its programs print what it says", async () => {
    const folder = await makeFolder();
    const port = String(await freePort());
    for (const { file, text } of blocks) {
      if (file === undefined) continue;
      await mkdir(dirname(join(folder, file)), { recursive: true });
      await writeFile(join(folder, file), text.replaceAll("3000", port));
    }
    await mkdir(join(folder, "node_modules"));
    await symlink(root, join(folder, "node_modules/splice-runtime"));
    const server = spawn(process.execPath, ["server.mjs"], { cwd: folder, env, stdio: "ignore" });
    try {
      await until("the server answers", () =>
        fetch(`http://127.0.0.1:${port}`).then(
          () => true,
          () => false,
        ),
      );
      const { stdout } = await run(process.execPath, ["client.mjs"], { cwd: folder, env });
      expect(stdout).toBe(blocks.find(({ language }) => language === "text")?.text);
    } finally {
      server.kill("SIGKILL");
      await once(server, "exit");
      await rm(folder, { recursive: true, force: true });
    }
  }, 60_000);

  test("its table of statuses is the one of src/http/status.ts", () => {
    const rows = [...page.matchAll(/^\| (\d{4}) +\| (\d{3}) +\|/gm)].map(([, code, status]) => [
      code,
      status,
    ]);
    const expected = Object.keys(errorTable).map((code) => [
      code,
      String(statusOf(new SpliceError({ code: Number(code), message: "" }), false)),
    ]);
    expect(rows).toEqual(expected);
  });

  test("its table of options has them all", () => {
    const section = page.split("\n## ").find((text) => text.startsWith("Options")) ?? "";
    const rows = [...section.matchAll(/^\| `(\w+)` /gm)].map(([, name]) => name);
    expect(rows).toEqual(Object.keys(resolveHttpOptions()));
  });
});
