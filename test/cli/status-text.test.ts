import { expect, test } from "@jest/globals";
import { durationText, statusLines } from "../../src/cli/status-text.js";
import type { Status } from "../../src/contract/status.js";

const status: Status = {
  state: "running",
  pid: 41,
  serverId: "0".repeat(32),
  socket: "/run/s",
  version: "1.2.3",
  uptimeMs: 61_000,
  limits: { maxFrameBytes: 104_857_600 },
  calls: { total: 9, ok: 1, failed: 2, timedOut: 3, cancelled: 1, rejected: 4, late: 5, active: 2 },
  pools: [
    {
      name: "app",
      generation: 1,
      breaker: { state: "closed", retryAfterMs: null },
      workers: [
        {
          id: "app:1",
          pid: 42,
          generation: 3,
          state: "ready",
          inFlight: 2,
          calls: 7,
          rssBytes: 50 * 1_048_576,
          lagMs: 1.4,
          uptimeMs: 3_700_000,
        },
        {
          id: "app:2",
          pid: null,
          generation: 4,
          state: "backingOff",
          inFlight: 0,
          calls: 0,
          rssBytes: null,
          lagMs: 0,
          uptimeMs: 0,
        },
      ],
    },
  ],
  reload: { state: "watching", lastError: null },
  functions: [
    {
      name: "a.f",
      pool: "app",
      streaming: false,
      inFlight: 2,
      calls: 7,
      failed: 1,
      p50Us: 90,
      p99Us: 1500,
      breaker: null,
    },
    {
      name: "long.name",
      pool: "app",
      streaming: true,
      inFlight: 0,
      calls: 0,
      failed: 0,
      p50Us: 0,
      p99Us: 0,
      breaker: null,
    },
  ],
};

test("every number of a Status has its place, and columns stand below each other", () => {
  expect(statusLines(status)).toEqual(
    [
      "running  pid 41  up 1m 1s  splice 1.2.3  /run/s",
      "calls  9 in all, 1 ok, 2 failed, 3 timed out, 1 cancelled, 4 rejected, 5 late, 2 active",
      "",
      "worker  state       pid  gen  in flight  calls  memory   lag    up",
      "app:1   ready        42    3          2      7  50 MiB  1 ms  1h 1m",
      "app:2   backingOff    -    4          0      0       -  0 ms     -",
      "",
      "function   pool          in flight  calls  failed    p50     p99",
      "a.f        app                   2      7       1  90 us  1.5 ms",
      "long.name  app (stream)          0      0       0      -       -",
    ].map((line) => expect.stringMatching(new RegExp(`^${loosely(line)}$`))),
  );
});

/** Spaces as they come: where columns begin is the next test's business. */
function loosely(line: string): string {
  return line.replaceAll(/[().]/g, "\\$&").replaceAll(/ +/g, " +");
}

test("functions whose calls are refused are named once more, with their breaker and when one is let through", () => {
  const [first, second] = status.functions;
  if (first === undefined || second === undefined)
    throw new Error("The status of this test has two functions.");
  const drawn = (...breakers: (typeof first.breaker)[]) => {
    const functions = breakers.map((breaker, at) => ({ ...(at === 0 ? first : second), breaker }));
    return statusLines({ ...status, functions }).slice(10);
  };
  expect(drawn({ state: "closed", retryAfterMs: null }, null)).toEqual([]);
  expect(drawn({ state: "open", retryAfterMs: 4200 }, { state: "forcedOpen", retryAfterMs: null })).toEqual([
    "",
    "refused function  breaker     tried in",
    "a.f               open            4.2s",
    "long.name         forcedOpen         -",
  ]);
});

test("a pool that starts no more workers is named, with when one is tried", () => {
  const [pool] = status.pools;
  if (pool === undefined) throw new Error("The status of this test has a pool.");
  const breaker = { state: "open", retryAfterMs: 30_000 } as const;
  expect(statusLines({ ...status, pools: [{ ...pool, breaker }] }).slice(10)).toEqual([
    "",
    "pool that starts no worker  breaker  tried in",
    "app                         open          30s",
  ]);
});

test("cells of a column end together where they are numbers, and begin together where they are names", () => {
  const [head = "", first = "", second = ""] = statusLines(status).slice(3, 6);
  expect(first.indexOf("ready")).toBe(head.indexOf("state"));
  expect(second.indexOf("backingOff")).toBe(head.indexOf("state"));
  const endOf = (line: string, text: string) => line.indexOf(text) + text.length;
  expect(endOf(first, "50 MiB")).toBe(endOf(head, "memory"));
  expect(second.length).toBe(first.length);
});

test.each([
  [0, "0.0s"],
  [9_940, "9.9s"],
  [59_999, "59s"],
  [60_000, "1m 0s"],
  [3_599_000, "59m 59s"],
  [3_600_000, "1h 0m"],
  [90_000_000, "1d 1h"],
])("%p ms reads %p", (durationMs, text) => {
  expect(durationText(durationMs)).toBe(text);
});
