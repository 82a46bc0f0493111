// A single module as a folder of functions: finds the module's file, and writes the one line that exports all of it
// where the project keeps what it builds. Knows no pool and no worker.

import { createHash, randomBytes } from "node:crypto";
import { mkdir, rename, stat, writeFile } from "node:fs/promises";
import { basename, dirname, extname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { projectFolderOf } from "../actors/bundle.js";
import { ConfigError } from "../errors.js";

/** A module that is written in TypeScript is named by what it will be compiled to. */
const sourceExtensions: Readonly<Record<string, string>> = { ".js": ".ts", ".mjs": ".mts" };

/** The absolute path. @throws ConfigError, path `module`, when it is no path or file URL, or when there is no such file. */
export async function findModule(module: unknown, cwd: string): Promise<string> {
  const path = pathOf(module, cwd);
  const extension = extname(path);
  const source = sourceExtensions[extension];
  const candidates = source === undefined ? [path] : [path, path.slice(0, -extension.length) + source];
  for (const candidate of candidates) {
    const found = await stat(candidate).catch(() => undefined);
    if (found?.isFile() === true) return candidate;
  }
  throw new ConfigError("module", String(module), "a module file that exists");
}

/** What its pool and the namespace of its functions are called: "src/pdf.ts" and "src/pdf/index.ts" are "pdf". */
export function nameOf(file: string): string {
  const own = basename(file, extname(file));
  const name = own === "index" ? basename(dirname(file)) : own;
  const plain = name.replace(/[^A-Za-z0-9-]/g, "-").replace(/^-+/, "");
  return plain === "" || plain === "index" || plain === "splice"
    ? `${plain}-module`.replace(/^-/, "")
    : plain;
}

/** A functions folder in which the module's functions have the namespace `name`. */
export async function prepareModule(file: string, name: string): Promise<string> {
  const digest = createHash("sha256").update(file).digest("hex").slice(0, 16);
  const folder = join(await projectFolderOf(dirname(file)), ".splice", "isolate", `${name}-${digest}`);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  // Renamed into place: another process may be reading it.
  const draft = join(folder, `.${name}.${String(process.pid)}.${randomBytes(4).toString("hex")}`);
  await writeFile(draft, `export * from ${JSON.stringify(file)};\n`);
  await rename(draft, join(folder, `${name}.js`));
  return folder;
}

function pathOf(module: unknown, cwd: string): string {
  const expected = "a path from the working directory, or a file: URL";
  const text = module instanceof URL ? module.href : module;
  if (typeof text !== "string" || text === "" || text.includes("\0"))
    throw new ConfigError("module", module, expected);
  if (!/^[a-z][a-z0-9+.-]+:/i.test(text)) return resolve(cwd, text);
  if (!text.startsWith("file:")) throw new ConfigError("module", text, expected);
  return fileURLToPath(text);
}
