// Mutations of frames and documents that know a little of MessagePack: tags, lengths and boundaries are where
// decoders break. One in five is plain bit flips.

import type { SeededRandom } from "./random.js";
import { concat } from "./vectors.js";

type Mutation = (bytes: Uint8Array, random: SeededRandom, corpus: readonly Uint8Array[]) => Uint8Array;

const boundaries = [0, 1, 2, 0x0f, 0x10, 0x1f, 0x20, 0x7f, 0x80, 0x81, 0x8f, 0x90, 0x91, 0x9f, 0xa0, 0xbf];
const bombs = [
  "dd01c9c380",
  "ddffffffff",
  "dfffffffff",
  "dbffffffff",
  "c6ffffffff",
  "c9ffffffff01",
  "dcffff",
  "deffff",
].map((hex) => new Uint8Array(Buffer.from(hex, "hex")));
const deep = new Uint8Array(300).fill(0x91);

const flipBits: Mutation = (bytes, random) => {
  const copy = bytes.slice();
  for (let flips = 1 + random.below(4); flips > 0 && copy.length > 0; flips--) {
    const at = random.below(copy.length);
    copy[at] = (copy[at] ?? 0) ^ (1 << random.below(8));
  }
  return copy;
};

const changeTag: Mutation = (bytes, random) => {
  const copy = bytes.slice();
  if (copy.length > 5) copy[5 + random.below(copy.length - 5)] = 0xc0 + random.below(0x20);
  return copy;
};

const setBoundary: Mutation = (bytes, random) => {
  const copy = bytes.slice();
  if (copy.length > 0) copy[random.below(copy.length)] = random.pick([...boundaries, 0xc1, 0xe0, 0xff]);
  return copy;
};

const editLength: Mutation = (bytes, random) => {
  const copy = bytes.slice();
  if (copy.length < 5) return copy;
  const view = new DataView(copy.buffer);
  const length = view.getUint32(0);
  const edits = [length + 1, length - 1, length * 2, 0, 0xffff_ffff, 104_857_600, 104_857_601];
  view.setUint32(0, random.pick(edits) >>> 0);
  return copy;
};

const truncate: Mutation = (bytes, random) => withLength(bytes.subarray(0, random.below(bytes.length + 1)));

const splice: Mutation = (bytes, random, corpus) => {
  const other = random.pick(corpus);
  const head = bytes.subarray(0, random.below(bytes.length + 1));
  return withLength(concat([head, other.subarray(random.below(other.length + 1))]));
};

const insert: Mutation = (bytes, random) => {
  const at = random.below(bytes.length + 1);
  const inserted = random.pick([...bombs, deep, Uint8Array.of(0xc0), Uint8Array.of(random.below(256))]);
  return withLength(concat([bytes.subarray(0, at), inserted, bytes.subarray(at)]));
};

const remove: Mutation = (bytes, random) => {
  const at = random.below(bytes.length + 1);
  return withLength(concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random.below(4))]));
};

const swapCode: Mutation = (bytes, random, corpus) => {
  const copy = bytes.slice();
  if (copy.length > 4) copy[4] = random.pick(corpus)[4] ?? 0;
  return copy;
};

const glue: Mutation = (bytes, random, corpus) => concat([bytes, random.pick(corpus), bytes]);

const structured: readonly Mutation[] = [
  changeTag,
  changeTag,
  setBoundary,
  setBoundary,
  editLength,
  truncate,
  splice,
  insert,
  remove,
  swapCode,
  glue,
];

export function mutate(random: SeededRandom, corpus: readonly Uint8Array[]): Uint8Array {
  let bytes = random.pick(corpus);
  for (let rounds = 1 + random.below(3); rounds > 0; rounds--) {
    const mutation = random.below(5) === 0 ? flipBits : random.pick(structured);
    bytes = mutation(bytes, random, corpus);
  }
  return bytes;
}

/** The frame with the length that it has, so that what follows the header is looked at. */
function withLength(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  if (copy.length >= 5) new DataView(copy.buffer).setUint32(0, copy.length - 5);
  return copy;
}
