// The worker in Python that the guide shows keeps every rule there is. Without a Python that has msgpack there is
// nothing to try, which is said aloud; where CI=true that is a failure.

import { join } from "node:path";
import { expect, jest, test } from "@jest/globals";
import { brokenText, findPython, namesOf, root, tryWorker } from "./subjects.js";

jest.setTimeout(120_000);

const python = findPython();
const worker = join(root, "examples/python-worker/worker.py");

if (python === undefined && process.env["CI"] !== "true") {
  process.stderr.write(
    "SKIPPED: the worker in Python was not tried, since no python3 with the package msgpack was found. Install it " +
      "(Debian: python3-msgpack), or name one: PYTHON=/path/to/python3.\n",
  );
  test.skip("no python3 with msgpack was found", () => undefined);
} else {
  test("every rule holds", async () => {
    expect(python).toBeDefined();
    const report = await tryWorker([python ?? "", worker]);
    expect(brokenText(report)).toBe("");
    expect(namesOf(report, "skipped")).toEqual(["links/socket"]);
    expect(report.ok).toBe(true);
  });

  test("over a socket too", async () => {
    const report = await tryWorker([python ?? "", worker], { link: "socket", topics: ["links"] });
    expect(brokenText(report)).toBe("");
    expect(namesOf(report, "held")).toContain("links/socket");
  });
}
