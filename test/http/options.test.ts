import { expect, test } from "@jest/globals";
import { resolveHttpOptions } from "../../src/http/options.js";

test("have defaults", () => {
  const { expose, ...others } = resolveHttpOptions();
  expect(others).toEqual({ basePath: "", maxBodyBytes: 10_485_760, auth: undefined });
  expect(expose("any")).toBe(true);
});

test.each([
  ["", ""],
  ["/", ""],
  ["/api", "/api"],
  ["/api/v1//", "/api/v1"],
])("the base path %j is %j", (given, basePath) => {
  expect(resolveHttpOptions({ basePath: given }).basePath).toBe(basePath);
});

test.each<[key: string, value: unknown]>([
  ["basePath", "api"],
  ["basePath", "/api?x"],
  ["basePath", 5],
  ["maxBodyBytes", -1],
  ["maxBodyBytes", 1.5],
  ["maxBodyBytes", "1mb"],
  ["auth", true],
  ["expose", ["math.add"]],
  ["basepath", "/api"],
])("%s: %p is refused by its name", (key, value) => {
  expect(() => resolveHttpOptions({ [key]: value })).toThrow(
    expect.objectContaining({ name: "ConfigError", path: key, value }),
  );
});
