// The system's Chromium, driven. Where there is none its tests are skipped, aloud; in CI that is a failure.

import { existsSync } from "node:fs";
import { test } from "@jest/globals";
import type { Browser } from "playwright-core";

const places = [
  process.env["CHROMIUM"],
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];
const executablePath = places.find((place) => place !== undefined && existsSync(place));

export async function launchChromium(): Promise<Browser> {
  if (executablePath === undefined)
    throw new Error("There is no Chromium: install it (apt-get install chromium), or name one in CHROMIUM.");
  const { chromium } = await import("playwright-core");
  return chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
}

/** A test that needs a browser. */
export const testInChromium =
  executablePath === undefined && process.env["CI"] !== "true"
    ? (name: string) => {
        process.stderr.write(
          `SKIPPED: ${JSON.stringify(name)} was not tried, since no Chromium was found. Install it (Debian: chromium), ` +
            "or name one: CHROMIUM=/path/to/chromium.\n",
        );
        test.skip(name, () => undefined);
      }
    : test;
