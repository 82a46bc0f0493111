import { expect, test } from "@jest/globals";
import { firstProcess, openFiles } from "../../../src/cli/doctor/processes.js";

test.each([
  [["node", "/app/server.js"], "warn"],
  [["/usr/local/bin/node", "splice", "serve"], "warn"],
  [["/bin/sh", "/usr/local/bin/splice"], "warn"],
  [["/sbin/init"], "ok"],
  [["/usr/bin/tini", "--", "node", "server.js"], "ok"],
  [["/usr/bin/dumb-init", "splice"], "ok"],
])("PID 1 being %j is %s", (command, level) => {
  expect(firstProcess(command)).toMatchObject({ level });
});

test.each([
  ["256", "warn"],
  ["1024", "ok"],
  ["unlimited", "ok"],
])("%s open files are %s", (soft, level) => {
  const text = `Limit                     Soft Limit           Hard Limit           Units\nMax open files            ${soft}                 4096                 files\n`;
  expect(openFiles(text)).toMatchObject({ level, message: expect.stringContaining(soft) });
});
