// How often a handle is asked for its exports, by the clock.

import { expect, test } from "@jest/globals";
import { KnownExports } from "../../src/http/known-exports.js";
import { createVirtualClock } from "../../src/testing/virtual-clock.js";

const described = (name: string, isStreaming: boolean) => ({
  name,
  isStreaming,
  isAsync: true,
  paramsSchema: "{}",
  returnSchema: "{}",
});
const tick = () => new Promise((resolve) => setImmediate(resolve));

test("once in a second, however many unknown names are asked for", async () => {
  const clock = createVirtualClock();
  let asked = 0;
  let exported = [described("feed.ticks", true)];
  const known = new KnownExports({ exports: () => Promise.resolve((asked++, exported)) }, clock);
  const { signal } = new AbortController();
  for (let n = 0; n < 100; n++) await known.look(`no.${String(n)}`, signal);
  expect([asked, known.names]).toEqual([1, ["feed.ticks"]]);
  // Changed: the next look behind that second tells.
  exported = [described("feed.ticks", false), described("feed.more", true)];
  clock.advance(1001);
  await known.look("feed.more", signal);
  expect([asked, known.isStreaming("feed.ticks"), known.isStreaming("feed.more")]).toEqual([2, false, true]);
});

test("a supervisor that does not answer holds nobody up for longer than it may, and those whom it concerns alone", async () => {
  const clock = createVirtualClock();
  let answer: (exported: ReturnType<typeof described>[]) => void = () => undefined;
  const known = new KnownExports({ exports: () => new Promise((resolve) => (answer = resolve)) }, clock);
  const gone = new AbortController();
  const waiting: string[] = [];
  const look = (who: string, signal: AbortSignal, withinMs?: number) =>
    void known.look(who, signal, withinMs).then(() => waiting.push(who));
  look("patient", new AbortController().signal);
  look("hurried", new AbortController().signal, 100);
  look("gone", gone.signal);
  await tick();
  expect(waiting).toEqual([]);
  clock.advance(100);
  gone.abort();
  await tick();
  expect(waiting.sort()).toEqual(["gone", "hurried"]);
  clock.advance(4900);
  await tick();
  expect(waiting).toContain("patient");
  answer([described("feed.ticks", true)]);
  await tick();
  clock.advance(2000);
  look("feed.ticks", new AbortController().signal);
  await tick();
  expect(waiting).toContain("feed.ticks");
  expect(clock.timerCount).toBe(0);
});

test("one that fails is not asked again at once, and leaves what was known", async () => {
  const clock = createVirtualClock();
  const answers = [Promise.resolve([described("feed.ticks", true)]), Promise.reject(new Error("No link."))];
  answers[1]?.catch(() => undefined);
  let asked = 0;
  const known = new KnownExports({ exports: () => answers[asked++] ?? Promise.resolve([]) }, clock);
  const { signal } = new AbortController();
  await known.look("feed.ticks", signal);
  clock.advance(1001);
  await known.look("other", signal);
  await known.look("other", signal);
  expect([asked, known.isStreaming("feed.ticks")]).toEqual([2, true]);
});
