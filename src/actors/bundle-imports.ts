// Which packages a bundle imports as soon as it is loaded. Runs nothing of it.

import { isBuiltin } from "node:module";
import { loadEsbuild } from "./load-esbuild.js";

/** Their names, without paths inside of them, sorted; the platform's own are left out. `code` compiles. */
export async function packagesImportedBy(code: string): Promise<readonly string[]> {
  const esbuild = loadEsbuild();
  const names = new Set<string>();
  await esbuild.build({
    stdin: { contents: code, loader: "js", sourcefile: "bundle.mjs" },
    write: false,
    bundle: true,
    format: "esm",
    platform: "node",
    logLevel: "silent",
    plugins: [
      {
        name: "imports",
        setup(build) {
          build.onResolve({ filter: /.*/ }, ({ path, kind }) => {
            // What is imported later may be meant to be missing.
            if (kind === "import-statement" && !isBuiltin(path)) names.add(packageOf(path));
            return { path, external: true };
          });
        },
      },
    ],
  });
  return [...names].sort();
}

function packageOf(path: string): string {
  const [scope = "", name = ""] = path.split("/");
  return scope.startsWith("@") ? `${scope}/${name}` : scope;
}
