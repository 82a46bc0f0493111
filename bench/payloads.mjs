// What is sent in a case, and whether what came back is the same. `seed` makes payloads of one case differ from each
// other, so that a contender that mixes up its answers is found out.

import { isDeepStrictEqual } from "node:util";

export function payloadOf({ kind, bytes }, seed) {
  if (kind === "small") return smallRecord(seed, bytes);
  if (kind === "bytes") return { data: new Uint8Array(bytes).map((_, i) => i * 31 + seed * 17) };
  return { rows: rowsOf(seed, bytes) };
}

export function isEcho({ kind }, sent, received) {
  if (kind !== "bytes") return isDeepStrictEqual(received, sent);
  const data = received?.data;
  return data instanceof Uint8Array && Buffer.compare(data, sent.data) === 0;
}

function smallRecord(seed, bytes) {
  const record = { id: 100_000 + seed, name: "", price: 19.75, active: true };
  record.name = "abcdefghijklmnopqrstuvwxyz".slice(0, bytes - JSON.stringify(record).length);
  return record;
}

function rowsOf(seed, bytes) {
  const rows = [];
  // Two brackets of the list and the ten bytes of {"rows":}; each row brings a comma.
  for (let size = 11, id = seed; size < bytes; id += 1) {
    const row = { id, name: `Article ${String(id)}`, price: (id % 9973) / 4, active: id % 3 === 0 };
    rows.push(row);
    size += JSON.stringify(row).length + 1;
  }
  return rows;
}
