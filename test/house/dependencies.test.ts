// The lock file: every package is pinned by its content, and no more of them run a script when they are installed than
// the three that are known, of which two may (docs/decisions/0005-dependencies.md).

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";

interface Locked {
  readonly version?: string;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly hasInstallScript?: boolean;
  readonly dev?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

const read = (name: string): unknown =>
  JSON.parse(readFileSync(join(import.meta.dirname, "../..", name), "utf8"));
const { packages } = read("package-lock.json") as { packages: Readonly<Record<string, Locked>> };
const manifest = read("package.json") as Locked & { allowScripts: Readonly<Record<string, boolean>> };
const installed = Object.entries(packages).filter(([path]) => path !== "");
const nameOf = (path: string): string =>
  path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);

test("install scripts are those of esbuild and @swc/core, and one that is denied", () => {
  const scripted = installed.flatMap(([path, { hasInstallScript }]) =>
    hasInstallScript === true ? [nameOf(path)] : [],
  );
  expect(scripted.sort()).toEqual(["@swc/core", "esbuild", "unrs-resolver"]);
  expect(manifest.allowScripts).toEqual({ esbuild: true, "@swc/core": true, "unrs-resolver": false });
});

test("of what is installed with the package, esbuild's is the only one", () => {
  const scripted = installed.filter(
    ([, { hasInstallScript, dev }]) => hasInstallScript === true && dev !== true,
  );
  expect(scripted.map(([path]) => path)).toEqual(["node_modules/esbuild"]);
});

test("every package has the digest of its content and comes from the registry", () => {
  expect(installed.length).toBeGreaterThan(100);
  for (const [path, { integrity, resolved }] of installed) {
    expect([path, integrity]).toEqual([path, expect.stringMatching(/^sha512-/)]);
    expect([path, resolved ?? "https://registry.npmjs.org/"]).toEqual([
      path,
      expect.stringMatching(/^https:\/\/registry\.npmjs\.org\//),
    ]);
  }
});

test("versions are exact, and the lock file's are those of package.json", () => {
  for (const [name, version] of Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })) {
    expect([name, version]).toEqual([name, expect.stringMatching(/^\d+\.\d+\.\d+$/)]);
    expect([name, packages[`node_modules/${name}`]?.version]).toEqual([name, version]);
  }
});
