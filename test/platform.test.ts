import { readFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { unsupportedReason } from "../src/platform.js";

describe("supported", () => {
  test.each([
    ["20.19.0", "linux"],
    ["v20.19.0", "linux"],
    ["20.20.2", "darwin"],
    ["22.0.0", "linux"],
    ["24.1.0-nightly2025", "darwin"],
  ])("Node %s on %s", (nodeVersion, platform) => {
    expect(unsupportedReason({ nodeVersion, platform })).toBeNull();
  });

  test("the Node that runs this test", () => {
    const { node: nodeVersion } = process.versions;
    expect(unsupportedReason({ nodeVersion, platform: "linux" })).toBeNull();
  });
});

describe("refused", () => {
  test.each(["20.18.3", "18.20.0", "v20.9.0", "not a version", ""])("Node %p", (nodeVersion) => {
    expect(unsupportedReason({ nodeVersion, platform: "linux" })).toBe(
      `Splice needs Node 20.19 or newer, but this is Node ${nodeVersion}: install a newer one.`,
    );
  });

  test("Windows, by its name", () => {
    expect(unsupportedReason({ nodeVersion: "22.0.0", platform: "win32" })).toBe(
      "Splice does not run on Windows: it needs Linux or macOS; the Windows Subsystem for Linux is such a place.",
    );
  });

  test("any other platform, by the name that Node gives it", () => {
    expect(unsupportedReason({ nodeVersion: "22.0.0", platform: "aix" })).toBe(
      "Splice does not run on aix: it needs Linux or macOS.",
    );
  });
});

test("the package asks for the same Node", () => {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  expect(manifest).toMatchObject({ engines: { node: ">=20.19" } });
});
