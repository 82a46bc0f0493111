// What a new project has npm install as its runtime: what was asked for, else what the running package was itself
// installed from. That is told by the project that it was installed for: the folder that npx keeps, a project's own, …

import { access, readFile, realpath } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { version } from "../../version.js";
import { UsageError } from "../exit.js";

const packageName = "splice-runtime";
const ownRoot = fileURLToPath(new URL("../../../", import.meta.url));

/** What --runtime names: a path is made absolute, anything else is npm's to understand. */
export async function givenRuntime(spec: string): Promise<string> {
  const path = localPath(spec.trim(), process.cwd());
  if (spec.trim() === "")
    throw new UsageError("--runtime names nothing; give a version, a URL or a tarball.");
  if (path === null) return spec.trim();
  if (await isThere(path)) return `file:${path}`;
  throw new UsageError(`--runtime is ${JSON.stringify(spec)}, but there is no ${path}.`);
}

/** @throws UsageError when that was a tarball or a folder which is gone. */
export async function ownRuntime(root = ownRoot): Promise<string> {
  const own = await realpath(root);
  // No installed package: a clone of the runtime, whose command is run from there.
  if (basename(dirname(own)) !== "node_modules") return `file:${own}`;
  for (let folder = dirname(own); folder !== dirname(folder); folder = dirname(folder)) {
    const spec = await dependencyOf(folder);
    // A workspace's word for it means nothing elsewhere.
    if (spec === null || /^(workspace|catalog):/.test(spec)) continue;
    const path = localPath(spec, folder);
    if (path === null) return spec;
    if (await isThere(path)) return `file:${path}`;
    throw new UsageError(
      `This runtime was installed from ${path}, which is there no more. Name one to install with --runtime.`,
    );
  }
  return `^${version}`;
}

/** The path of a tarball or folder that a dependency names, absolute; null when it names a version, a URL or the like. */
function localPath(spec: string, from: string): string | null {
  const [, marked] = /^(?:file|link|portal):(.*)$/s.exec(spec) ?? [];
  const isPath = /^(?:\.{1,2}|~)?\//.test(spec) || /^(?:\.{1,2}|~)$/.test(spec);
  const isTarball = /\.(?:tgz|tar\.gz|tar)$/i.test(spec) && !/^[a-z+]+:/i.test(spec);
  if (marked === undefined && !isPath && !isTarball) return null;
  const path = (marked ?? spec).replace(/^\/\/(?=\/)/, "").replace(/^~(?=\/|$)/, homedir());
  return resolve(from, path);
}

async function dependencyOf(folder: string): Promise<string | null> {
  const text = await readFile(join(folder, "package.json"), "utf8").catch(() => "null");
  const manifest = parsed(text);
  const kinds = [manifest["dependencies"], manifest["devDependencies"], manifest["optionalDependencies"]];
  for (const kind of kinds) {
    const spec = (Object(kind) as Readonly<Record<string, unknown>>)[packageName];
    if (typeof spec === "string") return spec;
  }
  return null;
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(text)) as Record<string, unknown>;
  } catch {
    return {};
  }
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
