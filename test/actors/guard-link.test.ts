import { afterEach, expect, test } from "@jest/globals";
import { once } from "node:events";
import type { Socket } from "node:net";
import { createGuardLink, noGuard, type GuardLink } from "../../src/actors/guard-link.js";
import { socketPair } from "../support/duplex-pairs.js";
import { createVirtualClock, type VirtualClock } from "../../src/testing/virtual-clock.js";

const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

interface Linked {
  readonly link: GuardLink;
  readonly guard: Socket;
  readonly clock: VirtualClock;
  /** What the guard was asked so far. */
  readonly asked: () => string;
}

async function linked(): Promise<Linked> {
  const [ours, guard] = await socketPair();
  sockets.push(ours, guard);
  const clock = createVirtualClock();
  let asked = "";
  guard.on("data", (chunk: Buffer) => (asked += chunk.toString()));
  return { link: createGuardLink(ours, clock), guard, clock, asked: () => asked };
}

const spinning = { function: "math.spin", file: "/app/math.ts", line: 3, lagMs: 1200 };
const idle = { function: null, file: null, line: null, lagMs: 0 };
const lineOf = (value: unknown): string => `${JSON.stringify(value)}\n`;

test("asks and hands on the answer, however it is cut, and leaves no timer", async () => {
  const { link, guard, clock, asked } = await linked();
  for (const answer of [spinning, idle]) {
    const told = link.where();
    await once(guard, "data");
    const line = lineOf(answer);
    guard.write(line.slice(0, 9));
    setImmediate(() => guard.write(line.slice(9)));
    expect(await told).toEqual(answer);
  }
  expect([asked(), clock.timerCount]).toEqual(["where\nwhere\n", 0]);
});

test("who asks while a question is under way hears its answer", async () => {
  const { link, guard, asked } = await linked();
  const both = Promise.all([link.where(), link.where()]);
  await once(guard, "data");
  guard.write(lineOf(spinning));
  expect(await both).toEqual([spinning, spinning]);
  expect(asked()).toBe("where\n");
});

test("a guard that does not answer within a second is not waited for, nor asked again before it has answered", async () => {
  const { link, guard, clock, asked } = await linked();
  let answer: unknown = "none";
  const told = link.where().then((said) => (answer = said));
  clock.advance(999);
  await new Promise((resolve) => setImmediate(resolve));
  expect(answer).toBe("none");
  clock.advance(1);
  expect(await told).toBeNull();
  // The question is still open; whoever asks now hears its answer, and only the one after is asked anew.
  const next = link.where();
  guard.write(lineOf(spinning));
  expect(await next).toEqual(spinning);
  const third = link.where();
  while (asked() !== "where\nwhere\n") await once(guard, "data");
  guard.write(lineOf(idle));
  expect(await third).toEqual(idle);
});

test.each([
  "nonsense",
  "7",
  "null",
  JSON.stringify({ ...spinning, function: 7 }),
  JSON.stringify({ ...spinning, file: undefined }),
  JSON.stringify({ ...spinning, line: "3" }),
  JSON.stringify({ ...spinning, line: -1 }),
  JSON.stringify({ ...spinning, lagMs: null }),
  JSON.stringify({ ...spinning, lagMs: 0.5 }),
])("an answer that is none (%s) is null, and the next one counts", async (garbage) => {
  const { link, guard } = await linked();
  const told = link.where();
  await once(guard, "data");
  guard.write(`${garbage}\n`);
  expect(await told).toBeNull();
  const next = link.where();
  await once(guard, "data");
  guard.write(lineOf({ ...idle, more: 1 }));
  expect(await next).toEqual(idle);
});

test("a line without an end is not collected for ever", async () => {
  const { link, guard } = await linked();
  const told = link.where();
  const closed = once(guard, "close");
  guard.on("error", () => undefined);
  guard.write("x".repeat(70_000));
  expect(await told).toBeNull();
  await closed;
  expect(await link.where()).toBeNull();
});

test("a guard that goes, also while it is asked, and no guard at all, say nothing", async () => {
  const { link, guard, clock } = await linked();
  const told = link.where();
  guard.destroy();
  expect(await told).toBeNull();
  expect([await link.where(), await noGuard.where(), clock.timerCount]).toEqual([null, null, 0]);
});
