// Makes dist/ loadable in few reads: each published entry and each program as one file, with what they share in
// dist/chunks/. Packages stay outside, so that a program and this runtime have the same XState and RxJS. The declarations
// lie beside, written by tsc, which has also written modules/: the same code file by file, for tests of single rooms.
//
//     node scripts/bundle.mjs

import { readFileSync } from "node:fs";
import { dirname, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("../", import.meta.url));
const source = `${root}src${sep}`;
const entries = [
  "index",
  "protocol/index",
  "worker/index",
  "testing/index",
  "cli/main",
  "worker/main",
  "worker/guard-thread",
];
const placeInCode = /^(?! *(?:\*|\/\/)).*\bimport\.meta\.url\b/m;
/** Files that were told where they lie. */
const placed = new Set();

/** A file of src/ looks for others from where it lies there, whichever file of dist/ it ends up in. */
const placesOfSource = {
  name: "places-of-source",
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, ({ path }) => {
      const text = readFileSync(path, "utf8");
      if (!path.startsWith(source) || !placeInCode.test(text)) return undefined;
      const own = relative(source, path).split(sep).join("/").replace(/\.ts$/, ".js");
      placed.add(relative(root, path));
      return {
        loader: "ts",
        contents: text.replaceAll("import.meta.url", `new URL("../${own}", import.meta.url).href`),
      };
    });
  },
};

const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: entries.map((entry) => ({ in: `src/${entry}.ts`, out: entry })),
  outdir: "dist",
  chunkNames: "chunks/[name]-[hash]",
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node20",
  packages: "external",
  sourcemap: true,
  metafile: true,
  logLevel: "warning",
  plugins: [placesOfSource],
});

for (const [output, { inputs }] of Object.entries(metafile.outputs)) {
  const lost = Object.keys(inputs).find((input) => placed.has(input));
  if (lost !== undefined && dirname(dirname(output)) !== "dist")
    throw new Error(
      `${lost} looks for other files from where it lies, but ends up in ${output}, which is not one folder below dist/.`,
    );
}
