// The files of a new project, from the folder of its template that the package holds. Writes nothing.

import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { manifestOf, type ManifestParts } from "./manifest.js";

export interface ProjectFile {
  /** From the project's folder. */
  readonly path: string;
  readonly text: string;
}

const templates = fileURLToPath(new URL("../../../templates/", import.meta.url));

export async function templateFiles(parts: ManifestParts): Promise<readonly ProjectFile[]> {
  const root = join(templates, parts.template);
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
  const files = await Promise.all(
    paths.sort().map(async (path) => {
      const text = await readFile(join(root, path), "utf8");
      // npm reads a .gitignore that it packs, and leaves out of the package what that names.
      return {
        path: path === "gitignore" ? ".gitignore" : path,
        text: text.replaceAll("{{name}}", parts.name),
      };
    }),
  );
  return [{ path: "package.json", text: `${JSON.stringify(manifestOf(parts), null, 2)}\n` }, ...files];
}
