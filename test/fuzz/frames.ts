// F1, the frame splitter: whatever the places at which the bytes of a conversation are cut, what comes out is the same,
// errors and what came before them included.

import { WireDecoder } from "../../src/protocol/decoder.js";
import { isProtocolError } from "../../src/protocol/protocol-error.js";
import { mutate } from "../protocol/mutate.js";
import { createRandom, type SeededRandom } from "../protocol/random.js";
import { concat } from "../protocol/vectors.js";
import { edited, hostSession, written } from "./sessions.js";
import { FuzzFailure, type FuzzTarget } from "./target.js";

/** What a decoder makes of the bytes, cut at those places, as text. */
export function decoded(bytes: Uint8Array, cuts: readonly number[]): string {
  const decoder = new WireDecoder({ maxFrameBytes: 65_536 });
  const told: unknown[] = [];
  let from = 0;
  for (const to of [...cuts, bytes.length]) {
    try {
      told.push(...decoder.push(bytes.subarray(from, to)));
    } catch (error) {
      if (!isProtocolError(error)) throw error;
      told.push(...decoder.messagesBeforeError, `${error.reason}: ${error.message}`);
      return textOf(told);
    }
    from = to;
  }
  told.push(`and ${String(decoder.partialBytes)} bytes`);
  return textOf(told);
}

function textOf(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) => {
    if (typeof item === "bigint") return `${String(item)}n`;
    return item instanceof Uint8Array ? Buffer.from(item).toString("hex") : item;
  });
}

/** Some bytes of a host, legal or not. */
function someBytes(random: SeededRandom): Uint8Array {
  const session = hostSession(random);
  const frames = written(random.below(2) === 0 ? session : edited(session, random));
  if (frames.length > 0 && random.below(2) === 0) {
    const at = random.below(frames.length);
    frames[at] = mutate(random, [frames[at] ?? new Uint8Array(0)]);
  }
  return concat(frames);
}

function differ(bytes: Uint8Array, cuts: readonly number[], whole: string): void {
  const cut = decoded(bytes, cuts);
  if (cut !== whole) throw new Error(`Cut at ${cuts.join()} it is ${cut}, and whole ${whole}`);
}

/** Cut in two at every place. Returns how many cases that were. */
export function everySplit(seed: number, sessions: number): number {
  let cases = 0;
  for (let at = 0; at < sessions; at++) {
    const random = createRandom(seed + at);
    const bytes = concat(Array.from({ length: 4 }, () => written(hostSession(random))).flat());
    const whole = decoded(bytes, []);
    try {
      for (let cut = 0; cut <= bytes.length; cut++) differ(bytes, [cut], whole);
      differ(bytes, Array.from(bytes.keys()), whole);
    } catch (error) {
      throw new FuzzFailure("frames", seed + at, bytes, error);
    }
    cases += bytes.length + 2;
  }
  return cases;
}

export const frames: FuzzTarget = {
  name: "frames",
  counts: { ci: 200_000, test: 8000 },
  one(random, sent) {
    const bytes = someBytes(random);
    sent(bytes);
    const whole = decoded(bytes, []);
    const cuts = Array.from({ length: 1 + random.below(6) }, () => random.below(bytes.length + 1));
    differ(
      bytes,
      cuts.sort((a, b) => a - b),
      whole,
    );
    return /"and \d+ bytes"\]$/.test(whole) ? "whole" : "refused";
  },
};
