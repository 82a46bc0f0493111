import { expect, test } from "@jest/globals";
import { createLateLog } from "../../src/cli/late-log.js";
import type { Log } from "../../src/log.js";

test("lines wait for the log in their order, and later ones go straight to it", () => {
  const written: unknown[][] = [];
  const at =
    (level: string) =>
    (...line: unknown[]) =>
      void written.push([level, ...line]);
  const log: Log = { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
  const late = createLateLog();
  late.warn("first", { worker: "app:1" });
  late.info("second");
  expect(written).toEqual([]);
  late.provide(log);
  late.error("third");
  late.debug("fourth");
  expect(written).toEqual([
    ["warn", "first", { worker: "app:1" }],
    ["info", "second", undefined],
    ["error", "third", undefined],
    ["debug", "fourth", undefined],
  ]);
});
