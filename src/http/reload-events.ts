// What reloads come to, as Server-Sent Events: for a page that loads itself anew when new code serves, and shows why it
// does not when that cannot be had. Knows the handle's events, and no call.

import type { Splice } from "../contract/splice.js";
import type { LifecycleEvent } from "../contract/status.js";
import { backgroundClock } from "../time.js";
import { eventStreamHeaders, eventText, textStream, type Pieces } from "./event-stream.js";

const told: ReadonlySet<LifecycleEvent["type"]> = new Set(["generation.promoted", "reload.failed"]);

/** For a reader that does not read; what is older says nothing that the newer does not. */
const maxWaiting = 64;

/** Back soon after a supervisor that went, in milliseconds. */
const retryMs = 500;

/**
 * A handler of requests that answers each with a stream of events: `generation.promoted` and `reload.failed`, whose data is
 * the event of `events$` as JSON. In a page:
 *
 *     const events = new EventSource("/reloads");
 *     events.addEventListener("generation.promoted", () => location.reload());
 *
 * The stream ends with the supervisor, and a browser then asks again. Leaving it costs nothing more.
 */
export function reloadEvents(splice: Pick<Splice, "events$">): (request: Request) => Response {
  return ({ method }) => {
    if (method !== "GET")
      return new Response("Reloads are read by GET.\n", { status: 405, headers: { allow: "GET" } });
    const events = new ReloadPieces(splice);
    return new Response(textStream(events, true, backgroundClock), { headers: eventStreamHeaders });
  };
}

class ReloadPieces implements Pieces {
  readonly #waiting: string[] = [`retry: ${String(retryMs)}\n\n`];
  readonly #subscription: { unsubscribe(): void };
  #isOver = false;
  #wake: (() => void) | null = null;

  constructor({ events$ }: Pick<Splice, "events$">) {
    const over = (): void => {
      this.#isOver = true;
      this.#wake?.();
    };
    this.#subscription = events$.subscribe({
      next: (event) => {
        if (!told.has(event.type)) return;
        if (this.#waiting.length >= maxWaiting) this.#waiting.shift();
        this.#waiting.push(eventText(JSON.stringify(event), event.type));
        this.#wake?.();
      },
      error: over,
      complete: over,
    });
  }

  async next(): Promise<string | null> {
    if (this.#waiting.length === 0 && !this.#isOver) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = null;
    }
    return this.#waiting.shift() ?? null;
  }

  leave(): void {
    this.#subscription.unsubscribe();
    this.#isOver = true;
    this.#wake?.();
  }
}
