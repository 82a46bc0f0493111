// The page of splice inspect in a real browser, served by a bridge that a test speaks through: whatever it has missed, what it
// shows in the end is what there is.

import { afterEach, expect, jest } from "@jest/globals";
import type { Browser, Page } from "playwright-core";
import { PageServer } from "../../../src/cli/inspect/page-server.js";
import { until } from "../harness.js";
import { launchChromium, testInChromium } from "./chromium.js";
import { serveStatelyPage } from "./stately-page.js";

jest.setTimeout(60_000);

let browser: Browser | undefined;
let page: PageServer | undefined;
let receiver: Awaited<ReturnType<typeof serveStatelyPage>> | undefined;

afterEach(async () => {
  await browser?.close();
  await page?.close();
  await receiver?.close();
  browser = page = receiver = undefined;
});

const actor = (sessionId: string) => ({
  type: "@xstate.actor",
  sessionId,
  rootId: sessionId,
  name: sessionId,
  createdAt: "1",
  id: null,
  _version: "0.7.2",
  definition: JSON.stringify({ id: sessionId }),
  snapshot: { status: "active" },
});

/** A page that is told of `present` as it begins to listen, in a browser; `fragment` ends the inspector's address. */
async function opened(present: () => readonly object[], fragment = ""): Promise<Page> {
  receiver = await serveStatelyPage();
  page = await PageServer.open({ inspector: new URL(receiver.url + fragment), port: 0, present });
  browser = await launchChromium();
  const shown = await browser.newPage();
  await shown.goto(page.url);
  return shown;
}

/** The ids of the actors that the receiver has heard of since it was loaded. */
async function actorsIn(shown: Page): Promise<readonly string[]> {
  const [, frame] = shown.frames();
  const told = (await frame?.evaluate("window.told ?? []").catch(() => [])) as { sessionId: string }[];
  return told.map(({ sessionId }) => sessionId);
}

const shows = (shown: Page, ids: readonly string[]) =>
  until(
    `the page shows ${ids.join()} and nothing else`,
    async () => JSON.stringify(await actorsIn(shown)) === JSON.stringify(ids),
    20_000,
  );

testInChromium("a page that fell behind forgets what it had, once it listens again", async () => {
  let present = [actor("gone")];
  const shown = await opened(() => present);
  await shows(shown, ["gone"]);
  present = [actor("there")];
  // More than a page may have unread; the second finds that it has not read the first.
  page?.tell([{ type: "large", text: "x".repeat(32 * 1024 * 1024) }]);
  page?.tell([{ type: "small" }]);
  await shows(shown, ["there"]);
});

testInChromium("an inspector's page whose address has a fragment begins anew as well", async () => {
  let present = [actor("gone")];
  const shown = await opened(() => present, "#theme=dark");
  await shows(shown, ["gone"]);
  present = [actor("there")];
  page?.reset();
  await shows(shown, ["there"]);
  const [, frame] = shown.frames();
  expect(new URL(frame?.url() ?? "").hash).toBe("#theme=dark");
});
