// Writes the pages that are made from the code: docs/reference/cli.md, docs/reference/config.md, docs/machines/ and
// docs/reliability/mutants.md.
//
//     node scripts/docs.mjs            writes them
//     node scripts/docs.mjs --check    writes nothing; exit code 1 and the name of each page that would change
//
// Reads the built package, so build first (`npm run docs` does).

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { format, resolveConfig } from "prettier";
import { cliPage } from "./docs/cli-page.mjs";
import { configPage } from "./docs/config-page.mjs";
import { machinePages } from "./docs/machine-pages.mjs";
import { mutantsPage } from "./docs/mutants-page.mjs";

const root = new URL("../", import.meta.url);
const isCheck = process.argv.includes("--check");
const style = await resolveConfig(new URL("package.json", root));
const pages = {
  "docs/reference/cli.md": await cliPage(root),
  "docs/reference/config.md": await configPage(root),
  "docs/reliability/mutants.md": mutantsPage(),
  ...(await machinePages(root)),
};

for (const [path, text] of Object.entries(pages)) {
  const file = new URL(path, root);
  const page = path.endsWith(".md") ? await format(text, { ...style, parser: "markdown" }) : text;
  if (!isCheck) {
    mkdirSync(new URL(".", file), { recursive: true });
    writeFileSync(file, page);
  } else if (readOrNothing(file) !== page) {
    process.stderr.write(`${path} is not what the code says any more; \`npm run docs\` writes it anew.\n`);
    process.exitCode = 1;
  }
}

// A machine that is gone leaves no page behind.
for (const name of readdirSync(new URL("docs/machines/", root))) {
  if (`docs/machines/${name}` in pages) continue;
  process.stderr.write(`docs/machines/${name} is of no machine any more; take it out.\n`);
  process.exitCode = 1;
}

function readOrNothing(file) {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
