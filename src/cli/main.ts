#!/usr/bin/env node
// The bin. Looks whether this platform can run Splice at all before anything newer is loaded, then runs the command
// and ends the process with its exit code.

import { unsupportedReason } from "../platform.js";

const reason = unsupportedReason({ nodeVersion: process.versions.node, platform: process.platform });
if (reason !== null) {
  process.stderr.write(`${reason}\n`);
  process.exitCode = 1;
} else {
  // A reader that went away (`splice list | head -1`) is no failure, and cannot be told of one.
  for (const output of [process.stdout, process.stderr]) {
    output.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
    });
  }
  const { runProgram } = await import("./program.js");
  process.exitCode = await runProgram(process.argv.slice(2));
}
