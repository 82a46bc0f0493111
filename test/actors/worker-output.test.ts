import { PassThrough } from "node:stream";
import { describe, expect, test } from "@jest/globals";
import { drainLines, escapeControls, Tail } from "../../src/actors/worker-output.js";
import { createVirtualClock } from "../../src/testing/virtual-clock.js";

const mebibyte = 1_048_576;
const maxLineChars = 8192;

function drain() {
  const stream = new PassThrough();
  const clock = createVirtualClock();
  const lines: string[] = [];
  const dropped: number[] = [];
  drainLines(stream, clock, { line: (text) => lines.push(text), dropped: (bytes) => dropped.push(bytes) });
  const ended = new Promise((resolve) => stream.once("end", resolve));
  return {
    clock,
    lines,
    dropped,
    stream,
    write: (data: string | Uint8Array) => stream.emit("data", Buffer.from(data)),
    end: () => {
      stream.end();
      return ended;
    },
  };
}

describe("lines", () => {
  test("are cut at newlines, wherever chunks begin and end", async () => {
    const { lines, write, end } = drain();
    write("one\ntw");
    write("o\r\n\nth");
    write("ree");
    expect(lines).toEqual(["one", "two", ""]);
    await end();
    expect(lines).toEqual(["one", "two", "", "three"]);
  });

  test("that were begun are told when the stream is destroyed, once", async () => {
    const { lines, stream, write } = drain();
    write("one\nhalf");
    const closed = new Promise((resolve) => stream.once("close", resolve));
    stream.destroy();
    await closed;
    expect(lines).toEqual(["one", "half"]);
  });

  test("keep a character that is split between chunks, and show bytes that are no UTF-8", () => {
    const { lines, write } = drain();
    const euro = Buffer.from("€");
    write(euro.subarray(0, 1));
    write(Buffer.concat([euro.subarray(1), Buffer.from("\n")]));
    write(Uint8Array.of(0xff, 0xc0, 0x0a));
    expect(lines).toEqual(["€", "\ufffd\ufffd"]);
  });

  test("are escaped: nothing can move the cursor, clear the screen or forge another line", () => {
    const { lines, write } = drain();
    write("\u001b[2J\u0007a\rb\u0085c\u2028d\te\n");
    expect(lines).toEqual(["\\u001b[2J\\u0007a\\u000db\\u0085c\\u2028d\te"]);
  });

  test("are cut at 8 192 characters; what is cut is counted", () => {
    const { lines, dropped, write, clock } = drain();
    write(`${"x".repeat(maxLineChars + 10)}\n`);
    clock.advance(1000);
    write("next\n");
    expect(lines.map((line) => line.length)).toEqual([maxLineChars, 4]);
    expect(dropped).toEqual([10]);
  });

  test("without an end never fill memory: 64 MiB in one line become one short line and a count", async () => {
    const { lines, dropped, write, clock, end } = drain();
    const chunk = Buffer.alloc(65_536, "y");
    for (let n = 0; n < 1024; n++) {
      write(chunk);
      clock.advance(100);
    }
    await end();
    expect(lines).toHaveLength(1);
    expect(lines[0]).toHaveLength(maxLineChars);
    // Told as it goes: what is cut off is not kept until the line ends.
    expect(dropped.length).toBeGreaterThan(50);
    expect(dropped.reduce((sum, bytes) => sum + bytes, 0)).toBe(64 * mebibyte - maxLineChars);
  });
});

describe("the rate", () => {
  test("is capped at 1 MiB a second; the rest is dropped and told, and the next second begins anew", () => {
    const { lines, dropped, write, clock } = drain();
    const chunk = Buffer.from(`${"z".repeat(1023)}\n`.repeat(256));
    for (let n = 0; n < 6; n++) write(chunk);
    expect(lines).toHaveLength(1024);
    expect(dropped).toEqual([]);
    clock.advance(1000);
    write("again\n");
    expect(lines.at(-1)).toBe("again");
    expect(dropped).toEqual([2 * chunk.length]);
  });

  test("what was dropped last is told at the end", async () => {
    const { dropped, write, end } = drain();
    write(Buffer.alloc(mebibyte + 1));
    await end();
    expect(dropped).toEqual([mebibyte + 1]);
  });

  test("a line that was begun before a gap is not joined to what came after it", () => {
    const { lines, write, clock } = drain();
    write("begun");
    write(Buffer.alloc(2 * mebibyte, "x"));
    clock.advance(1000);
    write(" rest of something else\nwhole\n");
    expect(lines).not.toContain("begun rest of something else");
    expect(lines.at(-1)).toBe("whole");
  });
});

test("U13: whatever comes is read as it comes, so that nobody who writes is held up", async () => {
  const { stream, lines } = drain();
  const chunk = Buffer.from(`${"x".repeat(65_535)}\n`);
  for (let written = 0; written < 8; written++) stream.write(chunk);
  await new Promise((resolve) => setImmediate(resolve));
  expect([stream.readableLength, stream.writableLength, lines.length]).toEqual([0, 0, 8]);
});

test("a broken pipe ends it without an uncaught error", () => {
  const { stream, write, dropped } = drain();
  write(Buffer.alloc(2 * mebibyte));
  stream.emit("error", new Error("EIO"));
  expect(dropped).toEqual([2 * mebibyte]);
});

test("escapeControls leaves text alone", () => {
  const text = "Grüße, 世界 🎉\ttab";
  expect(escapeControls(text)).toBe(text);
});

test("a Tail keeps the last 8 KiB", () => {
  const tail = new Tail();
  for (let n = 0; n < 1000; n++) tail.add(`line ${String(n).padStart(4, "0")}`);
  expect(tail.text).toHaveLength(8192);
  expect(tail.text.endsWith("line 0998\nline 0999\n")).toBe(true);
});
