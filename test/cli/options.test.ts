import { expect, test } from "@jest/globals";
import {
  parseAuth,
  parseDefaultTimeout,
  parseDrain,
  parseHeader,
  parseLink,
  parseLogLevel,
  parseMaxConcurrency,
  parseTimeout,
  readParams,
} from "../../src/cli/options.js";

test.each([
  ["ada", { userId: "ada", roles: [] }],
  ["ada:", { userId: "ada", roles: [] }],
  ["ada:admin,author", { userId: "ada", roles: ["admin", "author"] }],
  ["ada:team:7,x", { userId: "ada", roles: ["team:7", "x"] }],
])("--auth %s", (text, auth) => {
  expect(parseAuth(text)).toEqual(auth);
});

test("--header is repeatable, keeps colons of the value, and trims", () => {
  const first = parseHeader("traceparent: 00-ab:cd ");
  expect(parseHeader("x:", first)).toEqual([
    ["traceparent", "00-ab:cd"],
    ["x", ""],
  ]);
});

test.each([
  ["0", 0],
  ["250", 250],
  ["Infinity", Infinity],
  ["-1", -1],
])("--timeout %s", (text, timeoutMs) => {
  expect(parseTimeout(text)).toBe(timeoutMs);
});

test.each([
  ["--timeout", () => parseTimeout("soon")],
  ["--timeout", () => parseTimeout(" ")],
  ["--header", () => parseHeader("no colon")],
  ["--header", () => parseHeader(":value")],
  ["--auth", () => parseAuth(":admin")],
  ["--timeout", () => parseDefaultTimeout("0")],
  ["--timeout", () => parseDefaultTimeout("-5")],
  ["--max-concurrency", () => parseMaxConcurrency("1e3")],
  ["--max-concurrency", () => parseMaxConcurrency("1000001")],
  ["--drain", () => parseDrain("")],
  ["--drain", () => parseDrain("-1")],
  ["--drain", () => parseDrain("Infinity")],
  ["--link", () => parseLink("pipe")],
  ["--log-level", () => parseLogLevel("loud")],
])("%s that makes no sense is wrong use, in a sentence", (flag, parse) => {
  expect(parse).toThrow(
    expect.objectContaining({ name: "UsageError", message: expect.stringMatching(`^${flag} .*\\.$`) }),
  );
});

test("params that are no JSON, or a file that is not there, are wrong use", async () => {
  await expect(readParams("{bad")).rejects.toMatchObject({
    name: "UsageError",
    message: expect.stringContaining("not JSON"),
  });
  await expect(readParams("@/no/such.json")).rejects.toMatchObject({
    name: "UsageError",
    message: expect.stringContaining("/no/such.json"),
  });
  expect(await readParams(undefined)).toBeUndefined();
});
