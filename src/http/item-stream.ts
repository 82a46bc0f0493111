// The items of a function as an answer that grows: as events or as lines, with a failure as the last of them. Knows items,
// not where they come from.

import { toJson } from "../contract/json.js";
import type { Clock } from "../time.js";
import type { StreamForm } from "./accept.js";
import { errorText, type Answer } from "./answer.js";
import { eventStreamHeaders, eventText, keepAliveMs, type Pieces, textStream } from "./event-stream.js";

type Items = AsyncIterator<unknown, undefined>;

const forms = {
  events: {
    headers: eventStreamHeaders,
    item: (json: string) => eventText(json),
    error: (json: string) => eventText(json, "error"),
    // An event without data is not told to anybody.
    end: eventText("{}", "end"),
  },
  lines: {
    headers: { ...eventStreamHeaders, "content-type": "application/x-ndjson; charset=utf-8" },
    item: (json: string) => `${json}\n`,
    error: (json: string) => `${json}\n`,
    end: null,
  },
} as const;

/**
 * Resolves when the first item is there, so that what fails before it is a failure of the whole answer: then it rejects. A
 * stream that is quiet for long is begun without.
 */
export async function streamAnswer(items: Items, form: StreamForm, clock: Clock): Promise<Answer> {
  const first = items.next();
  await orQuiet(first, clock);
  const headers = { ...forms[form].headers, "x-content-type-options": "nosniff" };
  const body = textStream(piecesOf(items, first, form), form === "events", clock);
  return { status: 200, headers, body };
}

async function orQuiet(first: Promise<unknown>, clock: Clock): Promise<void> {
  let timer: unknown;
  const quiet = new Promise<void>((resolve) => {
    timer = clock.setTimeout(resolve, keepAliveMs);
  });
  try {
    await Promise.race([first, quiet]);
  } finally {
    clock.clearTimeout(timer);
  }
  // Whoever reads the body hears of a failure; until then it is nobody's.
  first.catch(() => undefined);
}

function piecesOf(items: Items, first: ReturnType<Items["next"]>, form: StreamForm): Pieces {
  const { item, error, end } = forms[form];
  let awaited: ReturnType<Items["next"]> | null = first;
  let isOver = false;
  return {
    async next() {
      if (isOver) return null;
      try {
        const step = await (awaited ?? items.next());
        awaited = null;
        // A line for each item, also for one that has no JSON.
        if (step.done !== true) return item(toJson(step.value) ?? "null");
        isOver = true;
        return end;
      } catch (thrown) {
        isOver = true;
        return error(errorText(thrown));
      }
    },
    leave() {
      isOver = true;
      items.return?.().catch(() => undefined);
    },
  };
}

/** A single result as items. `call` begins when it is asked for, and its signal is aborted when whoever asked leaves. */
export function oneItem(call: (left: AbortSignal) => Promise<unknown>): Items {
  const left = new AbortController();
  let isAsked = false;
  return {
    async next() {
      if (isAsked) return { done: true, value: undefined };
      isAsked = true;
      return { done: false, value: await call(left.signal) };
    },
    return() {
      left.abort();
      return Promise.resolve({ done: true, value: undefined });
    },
  };
}
