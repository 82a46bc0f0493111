#!/usr/bin/env node
// The bin. Looks whether this platform can run Splice at all before anything newer is loaded, then runs the command
// and ends the process with its exit code.

import { unsupportedReason } from "../platform.js";

const reason = unsupportedReason({ nodeVersion: process.versions.node, platform: process.platform });
if (reason !== null) {
  process.stderr.write(`${reason}\n`);
  process.exitCode = 1;
} else {
  // Nobody is left to be told of it.
  process.stderr.on("error", () => undefined);
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    // A reader that went away (`splice list | head -1`) is no failure.
    if (error.code === "EPIPE") return;
    process.stderr.write(`The output could not be written: ${error.message}.\n`);
    process.once("exit", () => {
      process.exitCode = 1;
    });
  });
  const { runProgram } = await import("./program.js");
  process.exitCode = await runProgram(process.argv.slice(2));
}
