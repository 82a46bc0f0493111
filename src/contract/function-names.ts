// Which files of a functions folder hold functions, and what their exports are called. Pure: it is given relative
// paths and export keys and reads no disk. Refuses with sentences that name the files.

/** The folder cannot be used as it is; the message says which files clash and what to do. */
export class FunctionNamesError extends Error {
  override readonly name = "FunctionNamesError";
}

/** One file of the folder: `path` relative to it with "/", `keys` the exports that are functions. */
export interface ModuleExports {
  readonly path: string;
  readonly keys: readonly string[];
}

export interface NamedExport {
  /** "math.add" */
  readonly name: string;
  readonly path: string;
  readonly key: string;
}

const extension = /\.(?:ts|mts|js|mjs)$/;
const declaration = /\.d\.(?:ts|mts)$/;
const reservedSegment = "splice";

/** True for names that belong to the runtime, whether or not there is such a function. */
export function isReserved(functionName: string): boolean {
  return functionName.startsWith(`${reservedSegment}.`);
}

/** False for folders that are never looked into. */
export function isFunctionFolder(name: string): boolean {
  return !name.startsWith("_") && !name.startsWith(".") && name !== "node_modules";
}

/** True when the file belongs to the contract; its folders are judged by `isFunctionFolder`. */
export function isFunctionFile(name: string): boolean {
  if (name.startsWith("_") || name.startsWith(".")) return false;
  return extension.test(name) && !declaration.test(name) && !/\.test\./.test(name);
}

/** "users/admin.ts" -> "users.admin", "math/index.ts" -> "math", "index.ts" -> "". */
export function namespaceOf(path: string): string {
  const segments = path.replace(extension, "").split("/");
  if (segments.at(-1) === "index") segments.pop();
  return segments.join(".");
}

/**
 * Refuses files that would share a namespace and files that would claim the reserved one. `shownBefore` stands in
 * front of paths in sentences: "functions/".
 */
export function checkFiles(paths: readonly string[], shownBefore = ""): void {
  const owners = new Map<string, string>();
  for (const relative of paths) {
    const namespace = namespaceOf(relative);
    const path = shownBefore + relative;
    checkReserved(namespace, path);
    const owner = owners.get(namespace);
    if (owner !== undefined) {
      const what = namespace === "" ? "the names without a namespace" : `the namespace "${namespace}"`;
      throw new FunctionNamesError(
        `${owner} and ${path} both stand for ${what}. Keep one, or rename one of them.`,
      );
    }
    owners.set(namespace, path);
  }
}

/** The full name of every exported function, sorted. Refuses clashes between files, and reserved names. */
export function nameExports(modules: readonly ModuleExports[], shownBefore = ""): NamedExport[] {
  const named = new Map<string, NamedExport>();
  for (const { path, keys } of modules) {
    for (const key of keys) {
      const shown = shownBefore + path;
      const name = nameOf(path, key, shown);
      checkReserved(name, shown);
      const other = named.get(name);
      if (other !== undefined) {
        const both = `${describe(shownBefore + other.path, other.key)} and ${describe(shown, key)}`;
        throw new FunctionNamesError(`${both} are both called "${name}". Rename one of them.`);
      }
      named.set(name, { name, path, key });
    }
  }
  return [...named.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function nameOf(path: string, key: string, shown: string): string {
  const namespace = namespaceOf(path);
  if (key !== "default") return namespace === "" ? key : `${namespace}.${key}`;
  if (namespace === "") {
    throw new FunctionNamesError(
      `The default export of ${shown} has no name to be called by. Export it by name, or move it to a file whose ` +
        "name it shall have.",
    );
  }
  return namespace;
}

function checkReserved(name: string, path: string): void {
  if (name !== reservedSegment && !name.startsWith(`${reservedSegment}.`)) return;
  throw new FunctionNamesError(
    `${path} would be called "${name}", but names that begin with "${reservedSegment}" are the runtime's own. Rename it.`,
  );
}

function describe(path: string, key: string): string {
  return key === "default" ? `the default export of ${path}` : `\`${key}\` of ${path}`;
}
