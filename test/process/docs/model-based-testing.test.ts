// docs/guides/model-based-testing.md shows examples/model-based-testing/ as it is, and what is shown there holds.

import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { codeBlocks, read } from "../../docs/markdown.js";
import { root } from "../harness.js";

const folder = join(root, "examples/model-based-testing");
const blocks = codeBlocks(read("docs/guides/model-based-testing.md"));
const shown = blocks.filter(({ language }) => language === "js");

/** Runs Node there, as people do, and gives what it printed. */
function run(...args: readonly string[]): { readonly status: number | null; readonly stdout: string } {
  const env = { ...process.env, NODE_OPTIONS: "" };
  return spawnSync(process.execPath, args, { cwd: folder, encoding: "utf8", env });
}

describe("docs/guides/model-based-testing.md", () => {
  test("shows a part of every file", () => {
    const files = new Set(shown.map(({ file = "" }) => file));
    expect([...files].sort()).toEqual(readdirSync(folder).sort());
  });

  test.each(shown.map(({ file = "", text }) => [file, text.slice(text.indexOf("\n") + 1)]))(
    "%s",
    (file, text) => {
      expect(read(`examples/model-based-testing/${file}`)).toContain(text.trimEnd());
    },
  );

  test("its examples hold", () => {
    const files = readdirSync(folder).filter((name) => name.endsWith(".test.mjs"));
    const { status, stdout } = run("--test", ...files);
    if (status !== 0) throw new Error(stdout);
    expect(stdout).toMatch(/^# pass [1-9]/m);
  }, 60_000);

  test("the failure that it shows is the one that comes", () => {
    const script = `
      import { Patience } from "./patience.mjs";
      Patience.prototype.answered = () => undefined;
      await import("./patience.test.mjs");
    `;
    const [said = ""] = blocks
      .filter(({ language }) => language === "text")
      .map(({ text }) => text.split("…")[0] ?? "");
    expect(said).toContain("its subject is not: ");
    expect(run("--input-type=module", "-e", script).stdout).toContain(said);
  }, 60_000);
});
