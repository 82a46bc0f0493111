// Runs in a process of its own with a small heap: decodes mutated frames, batch after batch, and measures what a
// batch allocates. Objects read have plain prototypes, and what all objects inherit is the same before and after.
// Prints one JSON line; fails on the first surprise. Arguments: count, seed.

import { WireDecoder } from "../../src/protocol/decoder.js";
import { decodeWire, encode, toMessage } from "../../src/protocol/codec.js";
import type { WireMessage } from "../../src/protocol/messages.js";
import { isProtocolError } from "../../src/protocol/protocol-error.js";
import { decodeValue, encodeValue, isValueError } from "../../src/protocol/values.js";
import { mutate } from "./mutate.js";
import { createRandom } from "./random.js";
import { invalidVectors, validVectors } from "./vectors.js";

export interface FuzzReport {
  readonly verdicts: Readonly<Record<string, number>>;
  /** The largest share of its bytes that a batch took beyond 1 MiB. */
  readonly worstFactor: number;
  readonly allowedFactor: number;
  /** What a byte of a changed frame takes to decode, for one of a frame as it should be; measured, and no more. */
  readonly timeRatio: number;
}

const count = Number(process.argv[2]);
const seed = Number(process.argv[3]);
const batchFrames = 100;
const allowancePerBatch = 1_048_576;
const allowedFactor = 8;

const corpus = [...validVectors, ...invalidVectors].map((vector) => vector.frame);
const values = [
  { a: 1, b: [1.5, null, "text", new Date(1500)], c: { d: Uint8Array.of(1, 2, 3), e: 2n ** 60n } },
  Array.from({ length: 20 }, (_, at) => ({ id: at, name: `name ${String(at)}` })),
].map((value) => encodeValue(value));

/** Keys that reach for a prototype; ours would never write the first, so it is put in the place of one as long. */
const reaching = [
  { "--proto--": { polluted: 1 } },
  { a: [{ "--proto--": 1 }] },
  { constructor: { prototype: { polluted: 1 } } },
].map((value) =>
  Uint8Array.from(
    Buffer.from(Buffer.from(encodeValue(value)).toString("latin1").replaceAll("-", "_"), "latin1"),
  ),
);
const allValues = [...values, ...reaching];

const random = createRandom(seed);
const verdicts = {
  accepted: 0,
  malformed: 0,
  "unknown-message": 0,
  "frame-too-large": 0,
  values: 0,
  refusedValues: 0,
};
let worstFactor = 0;

/** What stands in memory, dead or alive: the garbage of a batch counts, since the young generation outlasts it. */
function standingBytes(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

function decodeFrame(frame: Uint8Array, cut: number): WireMessage[] {
  const decoder = new WireDecoder();
  try {
    const messages = [...decoder.push(frame.subarray(0, cut)), ...decoder.push(frame.subarray(cut))];
    verdicts.accepted += messages.length;
    return messages;
  } catch (error) {
    if (!isProtocolError(error)) throw error;
    verdicts[error.reason]++;
    return [];
  }
}

/** An accepted message, written and read again, is the same message. */
function writeAgain(wire: WireMessage): void {
  const message = toMessage(wire);
  const again = encode(message);
  const twice = toMessage(decodeWire(again[4] ?? 0, again.subarray(5)));
  if (textOf(twice) !== textOf(message)) throw new Error(`A message changed: ${textOf(message)}`);
}

function textOf(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) =>
    typeof item === "bigint" ? `${String(item)}n` : item,
  );
}

/** What every object of this process inherits: names, and what is behind them. */
function inherited(): readonly (readonly [PropertyKey, PropertyDescriptor])[] {
  return [
    Object.prototype,
    Array.prototype,
    Function.prototype,
    Date.prototype,
    Uint8Array.prototype,
  ].flatMap((each) =>
    Reflect.ownKeys(each).flatMap((name) => {
      const property = Object.getOwnPropertyDescriptor(each, name);
      return property === undefined ? [] : [[name, property] as const];
    }),
  );
}

const plainPrototypes: ReadonlySet<unknown> = new Set([
  Object.prototype,
  Array.prototype,
  Date.prototype,
  Uint8Array.prototype,
]);

function checkPrototypes(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  if (!plainPrototypes.has(Object.getPrototypeOf(value)))
    throw new Error("An object was read with a prototype of the peer's.");
  if (!(value instanceof Uint8Array)) Object.values(value).forEach(checkPrototypes);
}

function decodeDocument(bytes: Uint8Array): void {
  let value: unknown;
  try {
    value = decodeValue(bytes);
    verdicts.values++;
  } catch (error) {
    if (!isValueError(error)) throw error;
    verdicts.refusedValues++;
  }
  read.push(value);
}

/** Milliseconds that decoding these takes, for each byte. */
function msPerByte(frames: readonly Uint8Array[]): number {
  const startedMs = performance.now();
  for (const bytes of frames) decodeFrame(bytes, bytes.length);
  return (performance.now() - startedMs) / frames.reduce((sum, bytes) => sum + bytes.length, 0);
}

/** Of frames that are decoded many times, so that both have been compiled. */
function measureRatio(): number {
  const count = 20_000;
  const right = Array.from({ length: count }, () => random.pick(validVectors).frame);
  const wrong = Array.from({ length: count }, () => mutate(random, corpus));
  const tallied = { ...verdicts };
  const [, , rightMs = 1, wrongMs = 0] = [right, wrong, right, wrong].map(msPerByte);
  Object.assign(verdicts, tallied);
  return wrongMs / rightMs;
}

const collect = globalThis.gc;
if (collect === undefined) throw new Error("Run this with --expose-gc.");
let frame: Uint8Array = new Uint8Array(0);
/** What the documents of a batch came to. */
const read: unknown[] = [];
const before = inherited();
try {
  for (let done = 0; done < count; done += batchFrames) {
    const frames = Array.from({ length: batchFrames }, () => mutate(random, corpus));
    const cuts = frames.map((bytes) => random.below(bytes.length + 1));
    const documents = Array.from({ length: batchFrames / 10 }, () => mutate(random, allValues));
    const size = [...frames, ...documents].reduce((sum, bytes) => sum + bytes.length, 0);
    const accepted: WireMessage[] = [];
    if (done % (100 * batchFrames) === 0) collect();
    const standing = standingBytes();
    for (let index = 0; index < batchFrames; index++) {
      frame = frames[index] ?? frame;
      accepted.push(...decodeFrame(frame, cuts[index] ?? 0));
    }
    for (frame of documents) decodeDocument(frame);
    worstFactor = Math.max(worstFactor, (standingBytes() - standing - allowancePerBatch) / size);
    accepted.forEach(writeAgain);
    read.splice(0).forEach(checkPrototypes);
  }
  const after = inherited();
  const isSame = after.every(([name, property], at) => {
    const [nameBefore, was] = before[at] ?? [];
    return (
      name === nameBefore &&
      property.value === was?.value &&
      property.get === was?.get &&
      property.set === was?.set
    );
  });
  if (!isSame || after.length !== before.length) throw new Error("What all objects inherit has changed.");
} catch (error) {
  console.error(`Seed ${String(seed)}, bytes ${Buffer.from(frame).toString("hex")}:`, error);
  process.exitCode = 1;
}
const report: FuzzReport = { verdicts, worstFactor, allowedFactor, timeRatio: measureRatio() };
console.log(JSON.stringify(report));
