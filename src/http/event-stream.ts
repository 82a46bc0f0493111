// Texts as they come, as the body of an answer: Server-Sent Events (https://html.spec.whatwg.org/multipage/server-sent-events.html)
// or anything else that is sent piece by piece. Its reader sets the pace. Knows no call.

import type { Clock } from "../time.js";

/** Silence after which a stream of events says something, so that no proxy takes it for dead: they wait 30 s or more. */
export const keepAliveMs = 15_000;

/** With these, proxies pass on what they get when they get it. */
export const eventStreamHeaders = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-store, no-transform",
  "x-accel-buffering": "no",
} as const;

/** A comment: readers of events pass it over. */
const keepAlive = ":\n\n";

/** One event. `event` is a name without line breaks; without it the event is a "message". */
export function eventText(data: string, event?: string): string {
  const name = event === undefined ? "" : `event: ${event}\n`;
  const lines = data.split(/\r\n|\r|\n/).map((line) => `data: ${line}\n`);
  return `${name}${lines.join("")}\n`;
}

/** Where pieces come from. `leave` is called when nobody reads any more, also while a piece is waited for. */
export interface Pieces {
  /** The next one; null at the end. Must not reject. */
  next(): Promise<string | null>;
  leave(): void;
}

/** Asks for a piece only when somebody reads. `isEvents`: with a comment whenever it is quiet for long. */
export function textStream(pieces: Pieces, isEvents: boolean, clock: Clock): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let isLeft = false;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const stop = isEvents
          ? every(clock, () => {
              // One that was not read yet is enough.
              if (!isLeft && controller.desiredSize === 0) controller.enqueue(encoder.encode(keepAlive));
            })
          : () => undefined;
        const piece = await pieces.next();
        stop();
        if (isLeft) return;
        if (piece === null) controller.close();
        else controller.enqueue(encoder.encode(piece));
      },
      cancel() {
        isLeft = true;
        pieces.leave();
      },
    },
    { highWaterMark: 0 },
  );
}

function every(clock: Clock, tick: () => void): () => void {
  let timer = clock.setTimeout(again, keepAliveMs);
  function again(): void {
    timer = clock.setTimeout(again, keepAliveMs);
    tick();
  }
  return () => {
    clock.clearTimeout(timer);
  };
}
