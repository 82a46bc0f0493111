// The screen of `splice dev` keeps to its size, whatever there is to show.

import { expect, test } from "@jest/globals";
import { dashboardLines, type Picture } from "../../../src/cli/dev/dashboard.js";
import type { Status } from "../../../src/contract/status.js";

const worker = (n: number) => ({
  id: `app:${String(n)}`,
  pid: 1000 + n,
  generation: 1,
  state: "ready",
  inFlight: 0,
  calls: 0,
  rssBytes: null,
  lagMs: 0,
  uptimeMs: 1000,
});
const exported = (n: number) => ({
  name: `module.function${String(n)}`,
  pool: "app",
  streaming: false,
  inFlight: 0,
  calls: n,
  failed: 0,
  p50Us: 10,
  p99Us: 20,
  breaker: null,
});

function statusOf(workers: number, functions: number, lastError: string | null = null): Status {
  const breaker = { state: "closed", retryAfterMs: null } as const;
  const range = (count: number) => Array.from({ length: count }, (_, at) => at + 1);
  return {
    state: "running",
    pid: 7,
    serverId: "00",
    socket: "/project/.splice/splice.sock",
    version: "0",
    uptimeMs: 1000,
    limits: { maxFrameBytes: 1 },
    calls: { total: 0, ok: 0, failed: 0, timedOut: 0, cancelled: 0, rejected: 0, late: 0, active: 0 },
    pools: [{ name: "app", generation: 1, breaker, workers: range(workers).map(worker) }],
    functions: range(functions).map(exported),
    reload: { state: "watching", lastError },
  };
}

const picture = (status: Status | null, more: Partial<Picture> = {}): Picture => ({
  folder: "/project",
  status,
  startError: null,
  callsPerSecond: 0,
  lastReload: null,
  debuggers: [],
  lines: [{ atMs: 0, level: "info", worker: null, message: "the newest line", fields: {} }],
  level: "info",
  hasKeys: true,
  nowMs: 5000,
  ...more,
});

const error = Array.from({ length: 60 }, (_, at) => `${String(at)} ${"x".repeat(200)}`).join("\n");

test.each([
  [1, 1],
  [20, 4],
  [40, 10],
  [80, 14],
  [80, 24],
  [100, 30],
  [300, 100],
])("%d columns and %d rows are kept, with many workers, functions, errors and lines", (columns, rows) => {
  for (const status of [null, statusOf(1, 0), statusOf(64, 200), statusOf(64, 200, error)]) {
    const lines = Array.from({ length: 300 }, (_, at) => ({
      atMs: 0,
      level: "warn" as const,
      worker: null,
      message: `${String(at)} ${"y".repeat(150)}`,
      fields: {},
    }));
    const drawn = dashboardLines(
      picture(status, { lines, startError: status === null ? error : null }),
      { columns, rows },
      false,
    );
    expect(drawn).toHaveLength(rows);
    for (const line of drawn) expect(line.length).toBeLessThanOrEqual(columns);
  }
});

test("when there is more than fits: the busiest functions, and how many are left out; the log keeps some room", () => {
  const drawn = dashboardLines(picture(statusOf(64, 200)), { columns: 100, rows: 30 }, false).join("\n");
  expect(drawn).toContain("module.function200");
  expect(drawn).not.toContain("module.function1 ");
  expect(drawn).toMatch(/… \d+ more workers/);
  expect(drawn).toMatch(/… \d+ more functions/);
  expect(drawn).toContain("the newest line");
});

test("an error that the panel shows is not told twice by the log", () => {
  const line = {
    atMs: 0,
    level: "error" as const,
    worker: null,
    message: "not reloaded. it is broken",
    fields: {},
  };
  const drawn = dashboardLines(
    picture(statusOf(1, 1, "it is broken"), { lines: [line] }),
    { columns: 100, rows: 30 },
    false,
  );
  expect(drawn.filter((each) => each.includes("it is broken"))).toHaveLength(1);
  expect(drawn.some((each) => each.endsWith("error not reloaded."))).toBe(true);
});
