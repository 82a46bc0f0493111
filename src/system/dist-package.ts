// package.json of a built folder: the runtime, what the project's functions import, and how it is started. Says of which
// dependencies npm will know nothing elsewhere.

import { access, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { BuildError } from "../actors/build-command.js";
import { fields, type Fields } from "../config/checks.js";
import { messageOf } from "../errors.js";
import { version } from "../version.js";

const runtime = "splice-runtime";

/**
 * The text of the file for the project that `folder` belongs to, whose functions import the packages `imported`. @throws
 * BuildError when that has a package.json that cannot be read, or one of them would not be installed.
 */
export async function distPackage(
  folder: string,
  imported: readonly string[],
  onWarning: (sentence: string) => void,
): Promise<string> {
  const file = await nearestPackage(folder);
  const project = file === null ? {} : await readPackage(file);
  const dependencies = fields("dependencies", project["dependencies"]);
  const optional = fields("optionalDependencies", project["optionalDependencies"]);
  const missing = imported.filter(
    (name) => name !== runtime && !(name in dependencies) && !(name in optional),
  );
  if (missing.length > 0) {
    const where = file ?? `a package.json in ${folder}`;
    throw new BuildError(
      `Functions or configuration import ${missing.join(", ")}, which \`npm install --omit=dev\` would not install. ` +
        `Name what they import in the dependencies of ${where}.`,
    );
  }
  const development = fields("devDependencies", project["devDependencies"]);
  for (const [name, range] of Object.entries(dependencies)) {
    if (!/^(?:file|link|workspace|portal):/.test(String(range))) continue;
    onWarning(
      `${String(file)} has ${name} from ${String(range)}, which \`npm install\` may not find from the built folder; ` +
        "publish it, or name it by an absolute address.",
    );
  }
  const runtimeRange = dependencies[runtime] ?? development[runtime] ?? version;
  const sections = ["optionalDependencies", "overrides"].filter((key) => project[key] !== undefined);
  const built = {
    name: project["name"] ?? "app",
    version: project["version"] ?? "0.0.0",
    private: true,
    type: "module",
    scripts: { start: "splice serve --dist ." },
    dependencies: { [runtime]: runtimeRange, ...dependencies },
    ...Object.fromEntries(sections.map((key) => [key, project[key]])),
    ...(project["engines"] === undefined ? {} : { engines: project["engines"] }),
  };
  return `${JSON.stringify(built, null, 2)}\n`;
}

async function nearestPackage(start: string): Promise<string | null> {
  for (let folder = start; ; folder = dirname(folder)) {
    const file = join(folder, "package.json");
    const isThere = await access(file).then(
      () => true,
      () => false,
    );
    if (isThere) return file;
    if (dirname(folder) === folder) return null;
  }
}

async function readPackage(file: string): Promise<Fields> {
  try {
    return fields("(whole)", JSON.parse(await readFile(file, "utf8")));
  } catch (error) {
    throw new BuildError(`${file}, whose dependencies are needed, cannot be read: ${messageOf(error)}.`);
  }
}
