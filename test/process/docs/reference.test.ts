// The pages and pictures that are made from the code are what the code makes of them today.

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { root } from "../harness.js";

test("docs/reference/cli.md, config.md, docs/machines and docs/reliability/mutants.md are as `npm run docs` writes them", () => {
  const script = join(root, "scripts/docs.mjs");
  const { status, stderr } = spawnSync(process.execPath, [script, "--check"], { encoding: "utf8" });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
});
