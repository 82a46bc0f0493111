// What workers print: always read, so that nobody freezes; bounded, so that nobody fills the supervisor; escaped, so
// that nobody writes on the operator's terminal (row 18 and the predecessor's pipes that nobody read).

import { afterEach, describe, expect, test } from "@jest/globals";
import { join } from "node:path";
import { closeLeftovers, fixtures, startSystem, until, type TestSystem } from "../harness.js";

afterEach(closeLeftovers);

const functions = join(fixtures, "faults/functions");
const mebibyte = 1024 * 1024;

const linesOf = (system: TestSystem, stream: string) =>
  system.log.filter(({ fields, message }) => fields["stream"] === stream && !/bytes of std/.test(message));

function droppedOf(system: TestSystem, stream: string): number {
  return system.log.reduce((sum, { message, fields }) => {
    const [, bytes] =
      fields["stream"] === stream ? (/^(\d+) bytes of \w+ were dropped$/.exec(message) ?? []) : [];
    return sum + Number(bytes ?? 0);
  }, 0);
}

test.each(["stdout", "stderr"] as const)(
  "200 KB on %s: the worker answers, and goes on answering (the predecessor's froze at 64 KiB)",
  async (stream) => {
    const system = await startSystem({ functions });
    const line = `${"x".repeat(99)}\n`;
    const printed = await system.call(
      "harm.print",
      { text: line, times: 2000, stream },
      { timeoutMs: 10_000 },
    );
    expect(printed.code).toBe(0);
    for (let i = 0; i < 20; i++) expect((await system.call("work.echo", { value: i })).code).toBe(0);
    await until("all of it is in the log", () => linesOf(system, stream).length === 2000);
    expect(linesOf(system, stream)[0]?.fields).toMatchObject({ worker: "app:1", pid: await system.pid() });
    await system.end();
  },
);

describe("a flood (row 18)", () => {
  test("128 MiB without a newline: drained, capped, and every dropped byte is said", async () => {
    const system = await startSystem({ functions });
    const text = "x".repeat(mebibyte);
    const rssBefore = process.memoryUsage().rss;
    let rssPeak = 0;
    const sampler = setInterval(() => (rssPeak = Math.max(rssPeak, process.memoryUsage().rss)), 20);
    const flood = system.call("harm.print", { text, times: 128 });
    expect((await system.call("work.echo")).code).toBe(0);
    expect((await flood).code).toBe(0);
    clearInterval(sampler);
    expect(rssPeak - rssBefore).toBeLessThan(96 * mebibyte);
    await system.end();
    const kept = linesOf(system, "stdout").reduce((sum, { message }) => sum + message.length, 0);
    expect(kept).toBeLessThan(mebibyte);
    expect(kept + droppedOf(system, "stdout")).toBe(128 * mebibyte);
  });

  test("of short lines: no more than about a mebibyte a second reaches the log, the rest is counted", async () => {
    const system = await startSystem({ functions });
    const text = `${"y".repeat(1023)}\n`.repeat(64);
    const startedAtMs = performance.now();
    expect((await system.call("harm.print", { text, times: 512 })).code).toBe(0);
    const seconds = Math.ceil((performance.now() - startedAtMs) / 1000);
    await system.end();
    const kept = linesOf(system, "stdout").reduce((sum, { message }) => sum + message.length, 0);
    expect(kept).toBeLessThanOrEqual((seconds + 1) * mebibyte);
    expect(droppedOf(system, "stdout")).toBeGreaterThan(32 * mebibyte - (seconds + 1) * mebibyte - mebibyte);
  });

  test("slow enough for the log, but of one endless line: it is cut as it comes, not kept until its end", async () => {
    const system = await startSystem({ functions });
    await system.call("harm.print", { text: "x".repeat(1000), times: 300 });
    await until("what was cut off is said while the line still goes on", async () => {
      await system.call("harm.print", { text: "x", times: 1 });
      return droppedOf(system, "stdout") > 0;
    });
    expect(linesOf(system, "stdout")).toHaveLength(0);
    await system.call("harm.print", { text: "\n", times: 1 });
    await until("the line is in the log", () => linesOf(system, "stdout").length === 1);
    expect(linesOf(system, "stdout")[0]?.message).toHaveLength(8192);
    await system.end();
  });

  test("of two workers at once does not keep a third from its calls", async () => {
    const system = await startSystem({ pools: { app: { functions, workers: 3 } } });
    const text = "z".repeat(mebibyte);
    const floods = [1, 2].map(() => system.call("harm.print", { text, times: 24 }));
    for (let i = 0; i < 50; i++) expect((await system.call("work.echo", { value: i })).code).toBe(0);
    for (const { code } of await Promise.all(floods)) expect(code).toBe(0);
    await system.end();
  });
});

describe("what is not text (row 18)", () => {
  test("control characters and ANSI sequences arrive as visible escapes, one line stays one line", async () => {
    const system = await startSystem({ functions });
    const text = "red \u001b[31malert\u001b[0m\u0007 \u009b2J forged\rover\u2028under\n";
    await system.call("harm.print", { text, times: 1 });
    const [line] = await until("the line is in the log", () => {
      const lines = linesOf(system, "stdout");
      return lines.length > 0 ? lines : null;
    });
    expect(line?.message).toBe(
      "red \\u001b[31malert\\u001b[0m\\u0007 \\u009b2J forged\\u000dover\\u2028under",
    );
    await system.end();
  });

  test("invalid UTF-8 becomes replacement characters, and characters cut between two writes stay whole", async () => {
    const system = await startSystem({ functions });
    const bytes = Uint8Array.from([0xff, 0xfe, 0x41, 0xc3, 0x28, 0xf0, 0x9f, 0x98, 0x80, 0x0a]);
    await system.call("harm.print", { text: bytes, times: 1 });
    const euro = Buffer.from("€");
    await system.call("harm.print", { text: euro.subarray(0, 2), times: 1 });
    await system.call("harm.print", { text: euro.subarray(2), times: 1 });
    await system.call("harm.print", { text: "\n", times: 1 });
    await until("both lines are in the log", () => linesOf(system, "stdout").length === 2);
    expect(linesOf(system, "stdout").map(({ message }) => message)).toEqual(["\ufffd\ufffdA\ufffd(😀", "€"]);
    await system.end();
  });

  test("the last words of a worker that dies in the middle of a line are in the log", async () => {
    const system = await startSystem({ functions, restart: { backoffMs: [0] } });
    await system.call("harm.print", { text: "half a line", times: 1 });
    await system.call("harm.kill");
    await until("they are in the log", () => linesOf(system, "stdout").length === 1);
    expect(linesOf(system, "stdout")[0]?.message).toBe("half a line");
    await system.end();
  });
});
