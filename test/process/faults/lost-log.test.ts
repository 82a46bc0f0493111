// The log of a program whose stderr fails: lines are lost, and nothing else is.

import { expect, test } from "@jest/globals";
import { spawn, type StdioOptions } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { text } from "node:stream/consumers";
import { join } from "node:path";
import { fixtures, root } from "../harness.js";

/** Logs a line per call; says on stdout what it heard and whether it is still there at the end. */
const program = `
  process.on("uncaughtException", (error) => console.log("uncaught", error.message));
  const { createSplice } = await import(${JSON.stringify(join(root, "dist/index.js"))});
  const splice = await createSplice({ functions: ${JSON.stringify(join(fixtures, "faults/functions"))} });
  for (let n = 0; n < 20; n++)
    await splice.call("harm.print", { text: "to be logged\\n", times: 1, stream: "stdout" });
  for (let n = 0; n < 10; n++) await new Promise((resolve) => setTimeout(resolve, 5));
  console.log("value", JSON.stringify(await splice.call("work.echo", { value: 1 })));
  console.log("listeners", process.stderr.listenerCount("error"), process.stdout.listenerCount("error"));
  await splice.close();
`;

async function run(
  stderr: "closed pipe" | number,
): Promise<{ readonly said: string; readonly code: unknown }> {
  const stdio: StdioOptions = ["ignore", "pipe", stderr === "closed pipe" ? "pipe" : stderr];
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], { stdio });
  child.stderr?.destroy();
  const ended = once(child, "exit");
  if (child.stdout === null) throw new Error("The program has no stdout.");
  const said = await text(child.stdout);
  return { said, code: (await ended)[0] };
}

test("a stderr that nobody reads any more (EPIPE): the program and its calls go on", async () => {
  const { said, code } = await run("closed pipe");
  expect(said).toMatch(/^value .*\nlisteners 1 0\n$/);
  expect(code).toBe(0);
});

test("a stderr on a full disk (ENOSPC): the program and its calls go on", async () => {
  const full = openSync("/dev/full", "w");
  const { said, code } = await run(full).finally(() => {
    closeSync(full);
  });
  expect(said).toMatch(/^value .*\nlisteners 1 0\n$/);
  expect(code).toBe(0);
});
