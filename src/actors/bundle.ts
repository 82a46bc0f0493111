// Makes one ES module of a functions folder with esbuild, so that a worker starts from a single file and modules
// shared by functions load once. Packages stay outside. Knows neither workers nor pools beyond the name in the file.

import { createHash } from "node:crypto";
import { basename, join, resolve } from "node:path";
import type { Metafile, Plugin } from "esbuild";
import { FunctionNamesError } from "../contract/function-names.js";
import { storeBundle } from "./bundle-store.js";
import { CompileError, describeBuildMessage, isBuildFailure } from "./compile-error.js";
import { listFunctionFiles } from "./functions-folder.js";
import { loadEsbuild } from "./load-esbuild.js";

export { projectFolderOf } from "./functions-folder.js";

const entryName = "splice-functions.js";

export interface BundleOptions {
  /** The functions folder. */
  readonly folder: string;
  /** Where the bundle goes: `<project>/.splice/build`. Made when missing. */
  readonly outDir: string;
  /** Goes into the file's name. Default "app". */
  readonly pool?: string;
  /** What `splice-runtime/worker` means inside functions. Default: the module beside the worker that runs them. */
  readonly runtimeWorkerUrl?: string;
}

export interface Bundle {
  /** Absolute path of the module; its source map lies beside it. */
  readonly file: string;
  /** Writes the files again from memory if one has vanished. Throws BundleStoreError. */
  readonly restore: () => void;
  /** SHA-256 of the code, in hexadecimal digits. */
  readonly hash: string;
  /** The files that went into it, absolute. */
  readonly inputs: readonly string[];
  /** Sentences with file, line and excerpt about code that compiles but is probably a mistake. */
  readonly warnings: readonly string[];
}

/**
 * Resolves to the bundle. Rejects with FunctionNamesError (folder missing or empty, files that clash),
 * CompileError or BundleStoreError (disk full, folder not writable); all have a message made to be shown as it is.
 */
export async function bundleFunctions(options: BundleOptions): Promise<Bundle> {
  const folder = resolve(options.folder);
  const outDir = resolve(options.outDir);
  const paths = await listFunctionFiles(folder);
  const workerUrl = options.runtimeWorkerUrl ?? new URL("../worker/index.js", import.meta.url).href;
  const esbuild = loadEsbuild();
  try {
    const built = await esbuild.build({
      stdin: { contents: entryOf(folder, paths), resolveDir: folder, sourcefile: entryName },
      absWorkingDir: folder,
      outfile: join(outDir, "bundle.mjs"),
      write: false,
      bundle: true,
      format: "esm",
      platform: "node",
      target: "node20",
      packages: "external",
      sourcemap: "external",
      metafile: true,
      logLevel: "silent",
      plugins: [runtimeAsExternal(workerUrl)],
    });
    const code = textOf(built.outputFiles, ".mjs");
    const sourceMap = textOf(built.outputFiles, ".map");
    const stored = await storeBundle(outDir, options.pool ?? "app", folder, { code, sourceMap });
    return {
      ...stored,
      hash: createHash("sha256").update(code).digest("hex"),
      inputs: inputsOf(built.metafile, folder),
      warnings: await Promise.all(built.warnings.map((warning) => describeBuildMessage(folder, warning))),
    };
  } catch (error) {
    if (!isBuildFailure(error)) throw error;
    const places = await Promise.all(error.errors.map((each) => describeBuildMessage(folder, each)));
    const files = error.errors.flatMap(({ location }) =>
      location === null ? [] : [resolve(folder, location.file)],
    );
    throw new CompileError(
      `The functions folder ${folder} does not compile.\n\n${places.join("\n\n")}`,
      files,
    );
  }
}

/** One module that imports all files and hands them over as [path, module] pairs, in the order of their paths. */
function entryOf(folder: string, paths: readonly string[]): string {
  const imports = paths.map((path, at) => `import * as m${String(at)} from ${JSON.stringify(`./${path}`)};`);
  const prefix = basename(folder);
  const table = paths.map((path, at) => `[${JSON.stringify(path)}, m${String(at)}]`);
  return [
    ...imports,
    `export const folder = ${JSON.stringify(prefix)};`,
    `export const modules = [${table.join(", ")}];`,
    "",
  ].join("\n");
}

/** Functions share the running runtime's own module, wherever their folder lies. */
function runtimeAsExternal(url: string): Plugin {
  return {
    name: "splice-runtime-worker",
    setup(build) {
      build.onResolve({ filter: /^splice-runtime\/worker$/ }, () => ({ path: url, external: true }));
    },
  };
}

/** But for the module that was made here. */
function inputsOf({ inputs }: Metafile, folder: string): readonly string[] {
  return Object.keys(inputs)
    .filter((path) => path !== entryName)
    .map((path) => resolve(folder, path));
}

function textOf(files: readonly { readonly path: string; readonly text: string }[], ending: string): string {
  const file = files.find(({ path }) => path.endsWith(ending));
  if (file === undefined) throw new FunctionNamesError(`The bundler wrote no ${ending} file.`);
  return file.text;
}
