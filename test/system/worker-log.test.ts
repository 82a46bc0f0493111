import { expect, test } from "@jest/globals";
import { ProcessRegistry } from "../../src/actors/process-registry.js";
import type { LogFields, LogLevel } from "../../src/log.js";
import type { LogEvent } from "../../src/protocol/messages.js";
import { createWorkerLog } from "../../src/system/worker-log.js";
import { playedEntry } from "../actors/under-parent.js";
import { createVirtualClock } from "../../src/testing/virtual-clock.js";

function collect() {
  const lines: [LogLevel, string, LogFields | undefined][] = [];
  const at =
    (level: LogLevel) =>
    (message: string, fields?: LogFields): void => {
      lines.push([level, message, fields]);
    };
  const clock = createVirtualClock();
  const write = createWorkerLog(
    { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") },
    clock,
  );
  const registry = new ProcessRegistry();
  const entry = playedEntry(registry, new Promise(() => undefined));
  const other = playedEntry(registry, new Promise(() => undefined), 2);
  return { lines, clock, write, entry, other };
}

const event = (message: string, level = "info", fields: [string, string][] = []) =>
  ({ type: "LogEvent", level, message, fields }) as unknown as LogEvent;

test("lines keep their level and say who spoke; a worker cannot speak in another's name", () => {
  const { lines, write, entry } = collect();
  for (const level of ["trace", "debug", "info", "warn", "error"]) write(entry, event("m", level));
  write(
    entry,
    event("lie", "info", [
      ["worker", "other:1"],
      ["pid", "1"],
      ["function", "math.add"],
    ]),
  );
  expect(lines.map(([level]) => level)).toEqual(["debug", "debug", "info", "warn", "error", "info"]);
  expect(lines.at(-1)?.[2]).toEqual({ function: "math.add", worker: "app:1", pid: undefined, generation: 1 });
});

test("above 1 000 lines a second they are dropped, counted and told; each worker has its own measure", () => {
  const { lines, clock, write, entry, other } = collect();
  for (let n = 0; n < 1500; n++) write(entry, event("flood"));
  write(other, event("quiet"));
  expect(lines).toHaveLength(1001);
  clock.advance(1000);
  write(entry, event("after"));
  expect(lines.slice(-2).map(([level, message]) => [level, message])).toEqual([
    ["warn", "500 log lines of this worker were dropped: more than 1000 came within a second"],
    ["info", "after"],
  ]);
});

test("no message, name or value of a worker carries control characters or a second line", () => {
  const { lines, write, entry } = collect();
  const evil = "a\u001b[2J\n10:00:00 error app:9 │ forged";
  write(
    entry,
    event(evil, "info", [
      ["key", evil],
      [`k${evil}`, "v"],
      ["worker\u0007", "w"],
    ]),
  );
  const shown = "a\\u001b[2J\\u000a10:00:00 error app:9 │ forged";
  expect(lines[0]?.[1]).toBe(shown);
  expect(lines[0]?.[2]).toMatchObject({
    key: shown,
    [`k${shown}`]: "v",
    "worker\\u0007": "w",
    worker: "app:1",
  });
});

test("a line is cut at 8 192 characters of message and 8 192 of fields, the first ones first, and says what is missing", () => {
  const { lines, write, entry } = collect();
  const long = "x".repeat(10_000);
  write(
    entry,
    event(long, "warn", [
      ["function", "math.add"],
      ["long", long],
      ["late", "no room"],
    ]),
  );
  write(entry, event("short", "info", [["key", "value"]]));
  const [level, message, fields = {}] = lines[0] ?? [];
  expect([level, message]).toEqual(["warn", long.slice(0, 8192)]);
  const room = 8192 - "functionmath.addlong".length;
  expect(fields).toEqual({
    function: "math.add",
    long: long.slice(0, room),
    cutChars: 10_000 - 8192 + (10_000 - room) + "lateno room".length,
    worker: "app:1",
    pid: undefined,
    generation: 1,
  });
  expect(lines[1]?.[2]).not.toHaveProperty("cutChars");
});

test("a million fields cost no more than what is kept of them", () => {
  const { lines, write, entry } = collect();
  write(
    entry,
    event(
      "m",
      "info",
      Array.from({ length: 1_000_000 }, (_, n) => [`k${String(n)}`, ""]),
    ),
  );
  expect(Object.keys(lines[0]?.[2] ?? {}).length).toBeLessThan(8192);
  expect(lines[0]?.[2]).toMatchObject({ worker: "app:1", cutChars: expect.any(Number) });
});
