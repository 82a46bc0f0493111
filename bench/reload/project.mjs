// A project of fifty modules of functions, each with a version in it, and a plain server on the same modules for those who
// have nothing but servers to restart.

import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const modules = 50;

export async function makeProject() {
  const folder = mkdtempSync(join(tmpdir(), "sb-reload-"));
  mkdirSync(join(folder, "functions"));
  symlinkSync(resolve(here, "../node_modules"), join(folder, "node_modules"));
  const port = await freePort();
  const project = {
    folder,
    port,
    /** Module `key` is of version `n` from now on. */
    edit(key, n) {
      writeFileSync(join(folder, "functions", `m${String(key)}.ts`), moduleText(n));
    },
  };
  for (let key = 0; key < modules; key += 1) project.edit(key, 0);
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }\n');
  writeFileSync(join(folder, "server.ts"), serverText(port));
  return project;
}

/** Of one length, whatever the version. */
function moduleText(n) {
  const helpers = Array.from(
    { length: 20 },
    (_, at) =>
      `function helper${String(at)}(a: number, b: number): number {\n  return a * ${String(at)} + b;\n}`,
  );
  const used = helpers.map((_, at) => `helper${String(at)}(1, 2)`).join(" + ");
  return `${helpers.join("\n")}
export async function version({ waitMs = 0 }: { waitMs?: number }) {
  if (waitMs > 0) await new Promise((done) => setTimeout(done, waitMs));
  return { n: ${String(n).padStart(6, " ")}, sum: ${used} };
}
`;
}

function serverText(port) {
  const keys = Array.from({ length: modules }, (_, key) => key);
  return `import { createServer } from "node:http";
${keys.map((key) => `import * as m${String(key)} from "./functions/m${String(key)}.ts";`).join("\n")}
const modules: Record<string, { version(params: { waitMs?: number }): Promise<unknown> }> = { ${keys.map((key) => `m${String(key)}`).join(", ")} };
createServer((request, response) => {
  const url = new URL(request.url ?? "/", "http://localhost");
  void modules[url.pathname.slice(1)]?.version({ waitMs: Number(url.searchParams.get("waitMs")) }).then((value) => {
    response.setHeader("content-type", "application/json").end(JSON.stringify(value));
  });
}).listen(${String(port)}, "127.0.0.1");
`;
}

function freePort() {
  return new Promise((done, failed) => {
    const server = createServer();
    server.once("error", failed);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
}
