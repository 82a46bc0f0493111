import { Writable } from "node:stream";
import { describe, expect, test } from "@jest/globals";
import { createLog } from "../../src/system/log.js";
import { createLineWriter } from "../../src/system/log-writer.js";

function collect(isPretty: boolean) {
  const lines: string[] = [];
  const log = createLog({ level: "info", isPretty, write: (line) => void lines.push(line) });
  const fieldsOf = (at = 0) => JSON.parse(lines[at] ?? "") as Record<string, unknown>;
  return { lines, log, fieldsOf };
}

describe("fields reach the line as they are, whatever they are called", () => {
  const who = { worker: "app:1", pid: 7, function: "m.f" };

  test("those of a request, a response and an error", () => {
    const { log, fieldsOf } = collect(false);
    const request = { method: "GET", headers: "h", socket: "s", err: "e", error: "f", req: "q", res: "r" };
    const response = { setHeader: () => undefined, statusCode: 200 };
    log.info("request", { ...request, ...who });
    log.info("response", { ...response, ...who });
    log.info("an error", { err: { stack: "s", message: "m" }, ...who });
    expect(fieldsOf(0)).toMatchObject({ message: "request", ...request, ...who });
    expect(fieldsOf(1)).toMatchObject({ message: "response", statusCode: 200, ...who });
    expect(fieldsOf(2)).toMatchObject({ err: { stack: "s", message: "m" }, ...who });
  });

  test("those of the line itself, and of every object, get a mark behind them", () => {
    const { log, lines, fieldsOf } = collect(false);
    const odd = Object.fromEntries(
      ["level", "time", "message", "toString", "constructor", "__proto__"].map((name) => [
        name,
        `of ${name}`,
      ]),
    );
    log.warn("real", { ...odd, ...who });
    expect(fieldsOf()).toMatchObject({
      level: "warn",
      message: "real",
      level_: "of level",
      time_: "of time",
      message_: "of message",
      toString_: "of toString",
      constructor_: "of constructor",
      __proto___: "of __proto__",
      ...who,
    });
    expect(lines[0]?.match(/"(?:level|time|message)":/g)).toHaveLength(3);
  });

  test("no placeholder of a message takes a field's place", () => {
    const { log, fieldsOf } = collect(false);
    log.info("100 %s %o %%", { a: 1 });
    expect(fieldsOf()).toMatchObject({ message: "100 %s %o %%", a: 1 });
  });
});

describe("lines for people", () => {
  test("nothing written in them moves a cursor or stands where a line of the log begins", () => {
    const { log, lines } = collect(true);
    const evil = "a\u001b[2J\r\n10:00:00 error app:9 │ forged\u009b1A";
    log.info(evil, { worker: evil, key: evil, [`name\u001b[1m\n`]: "v", object: { evil }, stack: evil });
    const text = lines.join("");
    // Those of our own colours are the only ones.

    expect(text.replace(/\u001b\[\d+m/g, "")).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
    expect(text.split("\n").filter((line) => /^10:00:00/.test(line))).toEqual([]);
    expect(text).toContain("\\u001b[2J");
  });

  test("a message of several lines keeps them, each marked as going on", () => {
    const { log, lines } = collect(true);
    log.warn("f.ts:1:2: odd\n\n> 1 | code", { key: 1 });

    const text = lines.join("").replace(/\u001b\[\d+m/g, "");
    expect(text.slice(9)).toBe("warn  f.ts:1:2: odd\n  │ \n  │ > 1 | code key=1\n");
  });
});

class Stream extends Writable {
  readonly lines: string[] = [];
  failure: Error | null = null;
  throws = false;

  constructor() {
    // As process.stderr, it can be written to again after an error.
    super({ autoDestroy: false, decodeStrings: false });
  }

  override write(line: unknown, ...more: unknown[]): boolean {
    if (this.throws && this.failure !== null) throw this.failure;
    const done = more.find((each) => typeof each === "function") as (error?: Error | null) => void;
    const { failure } = this;
    if (failure === null) this.lines.push(String(line));
    process.nextTick(() => {
      done(failure);
      if (failure !== null) this.emit("error", failure);
    });
    return true;
  }
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe("a stream that cannot be written to", () => {
  test.each([false, true])(
    "loses lines, counts them, and says so when it works again (throws: %s)",
    async (throws) => {
      const stream = new Stream();
      stream.throws = throws;
      const write = createLineWriter(stream, (lost, reason) => {
        write(`lost ${String(lost)}: ${reason}`);
      });
      write("one");
      await turn();
      for (const code of ["EPIPE", "ENOSPC", "EIO"]) {
        stream.failure = new Error(`write ${code}`);
        write(code);
        write(code);
        await turn();
      }
      stream.failure = null;
      write("two");
      // What is said of the loss may be lost too, and then counts as much as it said.
      process.nextTick(() => (stream.failure = new Error("write EIO")));
      await turn();
      await turn();
      stream.failure = null;
      write("three");
      await turn();
      await turn();
      expect(stream.lines.filter((line) => !line.startsWith("lost"))).toEqual(["one", "two", "three"]);
      expect(stream.lines.filter((line) => line.startsWith("lost"))).toEqual(["lost 6: write EIO"]);
    },
  );

  test("one listener for as many writers as there are, and none on any other stream", () => {
    const stream = new Stream();
    const other = new Stream();
    for (let n = 0; n < 20; n++) createLineWriter(stream, () => undefined)("line");
    expect([stream.listenerCount("error"), other.listenerCount("error")]).toEqual([1, 0]);
  });
});
