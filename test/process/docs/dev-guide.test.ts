// docs/guides/dev.md: its functions are served by `splice dev`, the second text of the file as an edit of the first.

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { codeBlocks, read } from "../../docs/markdown.js";
import { Project, saysReloaded } from "../cli/run-cli.js";
import { until } from "../harness.js";

test("what it shows is what comes", async () => {
  const blocks = codeBlocks(read("docs/guides/dev.md"));
  const [first, second] = blocks.filter(({ language }) => language === "ts");
  const [, call = ""] =
    /splice call (greet\.hello '.*?')/.exec(blocks.find(({ language }) => language === "sh")?.text ?? "") ??
    [];
  const [name = "", params = ""] = call.replaceAll("'", "").split(" ");
  const file = first?.file ?? "";
  expect(second?.file).toBe(file);
  const project = await Project.make({ "package.json": "{}", [file]: first?.text ?? "" });
  const dev = project.start(["dev"]);
  try {
    await until("it serves", () => dev.said.stderr.includes("serving 1 functions"));
    expect((await project.run(["call", name, params])).stdout).toBe('"Hello, Ada."\n');
    await writeFile(join(project.folder, file), second?.text ?? "");
    await until("it is reloaded", () => saysReloaded(dev));
    expect((await project.run(["call", name, params])).stdout).toBe('"Good morning, Ada."\n');
  } finally {
    dev.child.kill("SIGTERM");
    await dev.finished;
    await project.clean();
  }
});
