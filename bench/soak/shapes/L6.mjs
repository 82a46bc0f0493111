// Streams: one fast reader, alone and then beside 63 slow ones, until 256 MiB have gone through.

import { setTimeout as sleep } from "node:timers/promises";

export const title = "64 streams, 63 slow";
export const seconds = 12;
export const hasBaseline = false;

const slowReaders = 63;
/** With its header a chunk of 64 KiB. */
const itemBytes = 65_536 - 3;
const mib = 2 ** 20;
const totalMib = 256;
/** What a stream has on the way at most: 64 chunks, and 1 MiB. */
const windowMib = 1;
/** What the slow ones take together, of the fast one's rate alone. */
const slowShare = 0.1;

export async function run({ system, ms, isQuick }) {
  const state = { items: 0, isOver: false };
  const read = async (afterEach) => {
    for await (const { length } of system.splice.stream("work.items", { bytes: itemBytes })) {
      if (length !== itemBytes) throw new Error(`An item of ${String(length)} bytes came.`);
      state.items += 1;
      if ((await afterEach()) === "enough") return;
    }
  };
  const isThere = (wantedMib) => (state.items * itemBytes) / mib >= wantedMib;
  const fast = async (wantedMs, wantedMib) => {
    const startedAt = performance.now();
    let own = 0;
    await read(() => {
      own += 1;
      return performance.now() - startedAt >= wantedMs && isThere(wantedMib) ? "enough" : "more";
    });
    return (own * itemBytes) / mib / ((performance.now() - startedAt) / 1000);
  };
  const soloMibPerSecond = await fast(ms / 3, 0);
  state.items = 0;
  const restMs = ((slowReaders * itemBytes) / mib / (slowShare * soloMibPerSecond)) * 1000;
  const slow = Array.from({ length: slowReaders }, () =>
    read(async () => {
      if (!state.isOver) await sleep(restMs);
      return state.isOver ? "enough" : "more";
    }),
  );
  // Until each window is full, so that the fast one is beside them and not beside their start.
  await sleep(Math.min(ms, (2000 * slowReaders * windowMib) / soloMibPerSecond));
  const besideMibPerSecond = await fast(ms / 2, isQuick ? 0 : totalMib);
  const transferredMib = (state.items * itemBytes) / mib;
  state.isOver = true;
  await Promise.all(slow);
  return {
    calls: state.items,
    soloMibPerSecond,
    besideMibPerSecond,
    fastShare: besideMibPerSecond / soloMibPerSecond,
    transferredMib,
    allowedGrowthMib: 2 * (slowReaders + 1) * windowMib + 32,
  };
}
