import { expect, test } from "@jest/globals";
import { defineConfig } from "../../src/config/define-config.js";

test("a configuration comes back as it is", () => {
  const config = { functions: "./app", limits: { maxInFlight: 3 } };
  expect(defineConfig(config)).toBe(config);
});

test("the types refuse what is no key, and what is no number", () => {
  // @ts-expect-error -- no such key
  defineConfig({ limit: {} });
  // @ts-expect-error -- text where a number belongs
  defineConfig({ limits: { maxInFlight: "3" } });
});
