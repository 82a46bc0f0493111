// A stream of events by the clock: what it says when nobody has anything to say, and what it leaves alone.

import { describe, expect, test } from "@jest/globals";
import { eventText, keepAliveMs, type Pieces, textStream } from "../../src/http/event-stream.js";
import { streamAnswer } from "../../src/http/item-stream.js";
import { createVirtualClock } from "../../src/testing/virtual-clock.js";

test.each([
  ["1", undefined, "data: 1\n\n"],
  ["{}", "end", "event: end\ndata: {}\n\n"],
  ["a\nb\r\nc\rd", undefined, "data: a\ndata: b\ndata: c\ndata: d\n\n"],
  ["", undefined, "data: \n\n"],
])("%j as %p", (data, event, text) => {
  expect(eventText(data, event)).toBe(text);
});

/** Pieces that come when the test says so. */
function byHand() {
  const asked: ((piece: string | null) => void)[] = [];
  const pieces: Pieces & { isLeft: boolean } = {
    isLeft: false,
    next: () => new Promise((resolve) => asked.push(resolve)),
    leave() {
      pieces.isLeft = true;
    },
  };
  return { asked, pieces };
}

const tick = () => new Promise((resolve) => setImmediate(resolve));
const textOf = ({ value }: { value?: Uint8Array | undefined }) => new TextDecoder().decode(value);

describe("a stream of texts", () => {
  test("asks for nothing until it is read, then for one piece at a time", async () => {
    const { asked, pieces } = byHand();
    const reader = textStream(pieces, true, createVirtualClock()).getReader();
    await tick();
    expect(asked.length).toBe(0);
    const first = reader.read();
    await tick();
    asked[0]?.("a");
    expect(textOf(await first)).toBe("a");
    await tick();
    expect(asked.length).toBe(1);
    const last = reader.read();
    await tick();
    asked[1]?.(null);
    expect(await last).toEqual({ done: true, value: undefined });
  });

  test("of events says a comment in each quiet time, and keeps one at most for a reader that stopped", async () => {
    const clock = createVirtualClock();
    const { asked, pieces } = byHand();
    const reader = textStream(pieces, true, clock).getReader();
    const first = reader.read();
    await tick();
    clock.advance(keepAliveMs);
    expect(textOf(await first)).toBe(":\n\n");
    clock.advance(10 * keepAliveMs);
    asked[0]?.("a");
    await tick();
    expect([textOf(await reader.read()), textOf(await reader.read())]).toEqual([":\n\n", "a"]);
    // Nothing is waited for: nothing is said.
    clock.advance(10 * keepAliveMs);
    expect(clock.timerCount).toBe(0);
  });

  test("of lines says nothing by itself", async () => {
    const clock = createVirtualClock();
    const { pieces } = byHand();
    void textStream(pieces, false, clock).getReader().read();
    await tick();
    expect(clock.timerCount).toBe(0);
  });

  test("leaves when its reader does, also while it waits, and takes what comes then for nothing", async () => {
    const clock = createVirtualClock();
    const { asked, pieces } = byHand();
    const reader = textStream(pieces, true, clock).getReader();
    const waiting = reader.read();
    await tick();
    await reader.cancel();
    expect([pieces.isLeft, (await waiting).done]).toEqual([true, true]);
    clock.advance(keepAliveMs);
    asked[0]?.("late");
    await tick();
    expect(clock.timerCount).toBe(0);
  });
});

test("an answer that has no item yet begins after the quiet time, and a late failure is its last line", async () => {
  const clock = createVirtualClock();
  let fail: (error: Error) => void = () => undefined;
  const items: AsyncIterator<unknown, undefined> = {
    next: () => new Promise((_, reject) => (fail = reject)),
  };
  let status = 0;
  const answering = streamAnswer(items, "events", clock).then((answer) => {
    ({ status } = answer);
    return answer;
  });
  await tick();
  clock.advance(keepAliveMs - 1);
  await tick();
  expect(status).toBe(0);
  clock.advance(1);
  const { body } = await answering;
  fail(new Error("too late for a status"));
  await tick();
  const text = await new Response(body).text();
  expect([status, text]).toEqual([
    200,
    expect.stringMatching(/^event: error\ndata: \{"error":\{"code":3000,/),
  ]);
});
