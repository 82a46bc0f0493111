import { expect, test } from "@jest/globals";
import { errorAsJson, exitCodeOf, sentenceOf, UsageError } from "../../src/cli/exit.js";
import { ConfigError, SpliceError } from "../../src/errors.js";
import { DistError } from "../../src/system/dist-manifest.js";

test.each([
  [new UsageError("wrong"), 2],
  [new DistError("not the file that was built"), 2],
  [new ConfigError("limits.maxInFlight", -1, "a whole number"), 2],
  [new SpliceError({ code: 3001, message: "none", details: { reason: "no-supervisor" } }), 3],
  [new SpliceError({ code: 3001, message: "busy", details: { reason: "draining" } }), 1],
  [new SpliceError({ code: 2000, message: "threw" }), 1],
  [new Error("anything"), 1],
  ["thrown text", 1],
  [null, 1],
])("%p ends with %p", (error, code) => {
  expect(exitCodeOf(error)).toBe(code);
});

const printed = [
  "Worker app:1 ended unasked with exit code 1.",
  "The functions could not be loaded: no database",
  "",
  "at functions/a.ts:1:7",
  "",
  '> 1 | throw new Error("no database");',
  "    |       ^",
  "",
  "Error: no database",
  "    at <anonymous> (functions/a.ts:1:7)",
  "    at async load (node:internal/x:1:2)",
].join("\n");

test("stacks that a worker printed are left out of the sentence, its place and excerpt are not", () => {
  const sentence = sentenceOf(new Error(printed));
  expect(sentence).not.toMatch(/^[ \t]+at /m);
  expect(sentence).not.toMatch(/^Error: /m);
  expect(sentence).toContain("at functions/a.ts:1:7");
  expect(sentence.endsWith("    |       ^")).toBe(true);
});

test("a failure as JSON has the six fields of a call's error", () => {
  const error = new SpliceError({ code: 3002, message: "full", details: { retryAfterMs: 50n } });
  expect(errorAsJson(error)).toEqual({
    error: {
      code: 3002,
      name: "Overloaded",
      kind: "System",
      message: "full",
      retryable: true,
      details: { retryAfterMs: 50n },
    },
  });
  expect(errorAsJson(new UsageError("wrong"))).toMatchObject({
    error: { name: "UsageError", message: "wrong" },
  });
});
