// What both ends of a stream may rely on: an item is asked of its source when it may be sent, they are read in order and
// none is lost, and whoever reads slowly is not flooded. Written from that side; of how credit is counted it knows nothing.

import { assign, createMachine } from "xstate";

export const window = 4;
export const items = 5;

interface Counts {
  /** Items that have left, that have come, that were read. */
  sent: number;
  came: number;
  read: number;
  /** Read items that the reader has acknowledged, and of which the sender has heard. */
  told: number;
  heard: number;
  /** The source has given one that may not leave yet. */
  isHeld: boolean;
  /** A reader waits. */
  isAwaited: boolean;
  /** Of a size that two are as much as may be under way. */
  isLarge: boolean;
}

export type CreditModelEvent = { type: "made" | "came" | "asked" | "heard" | "ended" | "left" };

/** When the sender may send one more: within the window and, of large items two at a time. */
function maySend({ sent, heard, isLarge }: Counts): boolean {
  return sent < heard + window && (!isLarge || sent < heard + 2);
}

/** The reader has read one: it says so after half a window, or when it has read all that came, or of large items each. */
function withRead(now: Counts): Counts {
  const read = now.read + 1;
  const isDue = read - now.told >= window / 2 || read === now.came || now.isLarge;
  return { ...now, read, told: isDue ? read : now.told };
}

function afterHeard(now: Counts): Counts {
  return now.isHeld && maySend(now) ? { ...now, sent: now.sent + 1, isHeld: false } : now;
}

const next = (change: (now: Counts) => Counts) =>
  assign<Counts, CreditModelEvent, undefined, CreditModelEvent, never>(({ context }) => change(context));

export const creditModel = createMachine({
  types: {} as { context: Counts; events: CreditModelEvent; input: { isLarge: boolean } },
  initial: "open",
  context: ({ input }) => ({
    sent: 0,
    came: 0,
    read: 0,
    told: 0,
    heard: 0,
    isHeld: false,
    isAwaited: false,
    isLarge: input.isLarge,
  }),
  states: {
    open: {
      on: {
        made: {
          actions: next((now) => (maySend(now) ? { ...now, sent: now.sent + 1 } : { ...now, isHeld: true })),
        },
        came: {
          actions: next((now) => {
            const more = { ...now, came: now.came + 1 };
            return now.isAwaited ? { ...withRead(more), isAwaited: false } : more;
          }),
        },
        asked: {
          actions: next((now) => (now.read < now.came ? withRead(now) : { ...now, isAwaited: true })),
        },
        heard: { actions: next((now) => afterHeard({ ...now, heard: now.told })) },
        ended: "ended",
        left: "left",
      },
    },
    /** The end has come after the last item: what was not read is still read, and nothing is acknowledged any more. */
    ended: {
      on: {
        asked: {
          guard: ({ context }) => context.read < context.came,
          actions: next((now) => ({ ...now, read: now.read + 1 })),
        },
      },
    },
    /** The reader wants no more: the sender is told, and the source is returned. */
    left: {},
  },
});

interface State {
  readonly value: unknown;
  readonly context: Counts;
}

/** What the two ends and the link between them can do. All acknowledgements on the way come at once. */
export function creditCases({ value, context }: State): CreditModelEvent[] {
  const { sent, came, read, told, heard, isHeld, isAwaited } = context;
  const types: CreditModelEvent["type"][] = [];
  if (value === "left") return [];
  if (!isAwaited && (value === "open" || read < came)) types.push("asked");
  if (value === "open") {
    types.push("left");
    // The source is asked for the next one as long as there is a window for it.
    if (!isHeld && sent < items && sent < heard + window) types.push("made");
    if (came < sent) types.push("came");
    if (heard < told) types.push("heard");
    if (sent === items && came === sent) types.push("ended");
  }
  return types.map((type) => ({ type }));
}
