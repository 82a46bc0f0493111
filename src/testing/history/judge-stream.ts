// What is known of the items of one call, from its caller's log and the journal, and the verdict on them: their order
// (G8) and their credit (G9). Counts for itself and knows nothing of how the runtime counts.

import type { AckEvent, ChunkEvent, Guarantee, OutcomeEvent, StreamEvent, Verdict } from "./events.js";
import type { SupervisorEvent } from "./events.js";

type Found = Generator<[Verdict, Guarantee, string]>;

const maxUnackedBytes = 1_048_576;
const maxWindow = 1024;

export interface StreamRecord {
  /** The caller's log has its items. */
  isLogged: boolean;
  /** Sizes of the items that came. */
  readonly sizes: number[];
  isOver: boolean;
  /** What the caller was told that the stream begins with; undefined where it is not logged. */
  window: number | undefined;
  /** The highest number that any grant allowed. */
  granted: number;
  acked: number;
  /** What the journal has: windows granted at a start, and item counts with which they were taken back. */
  readonly starts: number[];
  readonly returns: number[];
}

export function createStreamRecord(): StreamRecord {
  return {
    isLogged: false,
    sizes: [],
    isOver: false,
    window: undefined,
    granted: -1,
    acked: -1,
    starts: [],
    returns: [],
  };
}

export function* onStreamEvent(stream: StreamRecord, event: StreamEvent | ChunkEvent | AckEvent): Found {
  if (event.kind === "stream") {
    if (stream.window !== undefined) yield ["duplicated", "G8", "its stream began twice"];
    if (stream.isOver) yield ["unexpected", "G8", "its stream began after its end"];
    stream.window = event.window;
    stream.granted = event.window - 1;
  } else if (event.kind === "chunk") yield* onChunk(stream, event);
  else {
    const { sequence, window } = event;
    if (sequence >= stream.sizes.length || sequence < stream.acked || window > maxWindow) return;
    stream.acked = sequence;
    stream.granted = Math.max(stream.granted, sequence + window);
  }
}

function* onChunk(stream: StreamRecord, { sequence, bytes = 0 }: ChunkEvent): Found {
  const { sizes, window, granted, acked } = stream;
  const due = sizes.length;
  if (stream.isOver) yield ["unexpected", "G8", `item ${String(sequence)} came after its end`];
  if (sequence !== due)
    yield [
      sequence < due ? "duplicated" : "lost",
      "G8",
      `item ${String(sequence)} came where ${String(due)} was due`,
    ];
  sizes.push(bytes);
  if (window === undefined) return;
  if (due > granted)
    yield ["unexpected", "G9", `item ${String(due)} came, but ${String(granted)} was granted`];
  const unacked = sizes.slice(acked + 1);
  const unackedBytes = unacked.reduce((sum, each) => sum + each, 0);
  if (unacked.length > 1 && unackedBytes > maxUnackedBytes)
    yield ["unexpected", "G9", `with item ${String(due)} ${String(unackedBytes)} bytes were unacknowledged`];
}

export function* onStreamOutcome(stream: StreamRecord, { code, total }: OutcomeEvent): Found {
  stream.isOver = true;
  const came = stream.sizes.length;
  if (code === 0 && total !== undefined && total !== came)
    yield ["lost", "G8", `it ended well after ${String(came)} items, but there were ${String(total)}`];
}

/** One entry of the journal of its call. */
export function* onStreamEntry(stream: StreamRecord, { kind, code }: SupervisorEvent): Found {
  if (kind === "stream") {
    stream.starts.push(code);
    if (stream.starts.length > 1) yield ["duplicated", "G9", "its credit was granted twice"];
    if (code < 1 || code > maxWindow)
      yield ["unexpected", "G9", `its stream began with ${String(code)} items`];
  } else if (kind === "credit") {
    stream.returns.push(code);
    if (stream.returns.length > stream.starts.length)
      yield ["duplicated", "G9", "more credit was taken back than was granted"];
  } else if (kind === "release" && stream.returns.length < stream.starts.length)
    yield ["lost", "G9", "its slot was freed, but its credit was not taken back"];
}

/** Once all logs are read. */
export function* judgeStream(
  { isLogged, sizes, window, starts, returns }: StreamRecord,
  {
    outcomeCode,
    settleCode,
  }: { readonly outcomeCode: number | undefined; readonly settleCode: number | undefined },
): Found {
  const [passed] = returns;
  const came = sizes.length;
  if (window !== undefined && starts[0] !== undefined && window !== starts[0])
    yield [
      "lied",
      "G9",
      `its caller was granted ${String(window)} items, but the journal has ${String(starts[0])}`,
    ];
  if (!isLogged) return;
  if (came > (passed ?? came))
    yield ["unexpected", "G8", `${String(came)} items came, but the journal has ${String(passed)}`];
  // Cancelled or overdue, it may have been sent what nobody was to get any more; after these it was not.
  const isExact = outcomeCode === settleCode && [0, 2003, 3000].includes(outcomeCode ?? -1);
  if (isExact && passed !== undefined && came < passed)
    yield ["lost", "G8", `${String(came)} items came, but the journal has ${String(passed)}`];
}
