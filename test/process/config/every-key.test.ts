// Every configuration key does what it says (U16: the predecessor declared settings that nothing read). For each there is
// an effect with a value that is not the default; a key without one fails here, and does not compile.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, jest, test } from "@jest/globals";
import { defaults } from "../../../src/config/defaults.js";
import { closeLeftovers, root } from "../harness.js";
import { breaker } from "./effects/breaker.js";
import { firstLevel, type Sections } from "./effects/first-level.js";
import { health } from "./effects/health.js";
import { limits } from "./effects/limits.js";
import { pools } from "./effects/pools.js";
import { restart } from "./effects/restart.js";
import type { Effects } from "./effects/rig.js";
import { shutdown } from "./effects/shutdown.js";
import { reload } from "./effects/reload.js";
import { streams } from "./effects/streams.js";

afterEach(async () => {
  jest.restoreAllMocks();
  await closeLeftovers();
});

const sections: { readonly [Name in keyof Required<Sections>]: Effects<NonNullable<Sections[Name]>> } = {
  limits,
  restart,
  shutdown,
  health,
  breaker,
  streams,
  reload,
};
const effects = Object.entries({ "": firstLevel, "pools.<name>": pools, ...sections }).flatMap(
  ([section, keys]) =>
    Object.entries(keys).map(
      ([key, effect]) => [section === "" ? key : `${section}.${key}`, effect] as const,
    ),
);
const keys = effects.map(([key]) => key).sort();

test("every key of the reference, which is written from the types, has an effect", async () => {
  const reference = await readFile(join(root, "docs/reference/config.md"), "utf8");
  const documented = [...reference.matchAll(/^### `?([^`\n]+)`?$/gm)].map(([, key = ""]) => key);
  expect(documented.sort()).toEqual(keys);
});

test("every default has one", () => {
  const named = Object.entries(defaults).flatMap(([key, value]) =>
    typeof value === "object" && !Array.isArray(value)
      ? Object.keys(value).map((inner) => `${key}.${inner}`)
      : [key],
  );
  expect(keys).toEqual(expect.arrayContaining(named));
});

describe("a value that is not the default has its effect", () => {
  test.each(effects)("%s", async (_, effect) => {
    await effect();
  });
});
