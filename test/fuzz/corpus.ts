// Inputs with the verdict that each has to have: the named bombs, and whatever a fuzz run has found. Stored as hexadecimal
// text in spec/fuzz, for every language; every run begins with all of them.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Decoder } from "../../src/protocol/decoder.js";
import { isProtocolError } from "../../src/protocol/protocol-error.js";
import { decodeValue, isValueError } from "../../src/protocol/values.js";

/** Hexadecimal text; text that is repeated; text followed each time by another number of six digits, and `then`. */
type Hex = readonly (
  | string
  | { readonly hex: string; readonly times: number }
  | { readonly hex: string; readonly numbered: number; readonly then: string }
)[];

export interface CorpusEntry {
  readonly name: string;
  /** `frames`: what comes on a link. `value`: a document, as params and results are. */
  readonly of: "frames" | "value";
  readonly hex: Hex;
  /** Of frames: `accepted`, `incomplete`, or the reason of the refusal. Of a value: `accepted` or `refused`. */
  readonly verdict: string;
}

const folder = "spec/fuzz";

/** The named ones, and those that were found. */
export function readCorpus(): readonly CorpusEntry[] {
  const found = readdirSync(join(folder, "found")).filter((name) => name.endsWith(".json"));
  return ["bombs.json", ...found.sort().map((name) => join("found", name))].flatMap(
    (name) => JSON.parse(readFileSync(join(folder, name), "utf8")) as CorpusEntry[],
  );
}

export function bytesOfEntry({ hex }: CorpusEntry): Uint8Array {
  const parts = hex.map((part) => {
    if (typeof part === "string") return Buffer.from(part, "hex");
    const one = Buffer.from(part.hex, "hex");
    if ("numbered" in part) {
      const after = Buffer.from(part.then, "hex");
      const numbers = Array.from({ length: part.numbered }, (_, at) => String(at).padStart(6, "0"));
      return Buffer.concat(numbers.flatMap((number) => [one, Buffer.from(number), after]));
    }
    return Buffer.alloc(one.length * part.times, one);
  });
  return new Uint8Array(Buffer.concat(parts));
}

/** What of it comes on a link, as bytes. */
export function framesOfCorpus(): readonly Uint8Array[] {
  return readCorpus()
    .filter((entry) => entry.of === "frames")
    .map(bytesOfEntry);
}

export function verdictOf(of: CorpusEntry["of"], bytes: Uint8Array): string {
  try {
    if (of === "value") decodeValue(bytes);
    else return new Decoder().push(bytes).length === 0 ? "incomplete" : "accepted";
    return "accepted";
  } catch (error) {
    if (isProtocolError(error)) return error.reason;
    if (isValueError(error)) return "refused";
    throw error;
  }
}

/** Replays everything; returns how many there were. */
export function replayCorpus(): number {
  const corpus = readCorpus();
  for (const entry of corpus) {
    const verdict = verdictOf(entry.of, bytesOfEntry(entry));
    if (verdict !== entry.verdict)
      throw new Error(`${entry.name} was ${verdict}, and has to be ${entry.verdict}.`);
  }
  return corpus.length;
}

/**
 * Keeps an input that a run failed on. Its verdict is what the decoder says of it now, which a person has to look at;
 * what failed may lie beyond the decoder.
 */
export function keep(name: string, bytes: Uint8Array): string {
  let verdict: string;
  try {
    verdict = verdictOf("frames", bytes);
  } catch {
    verdict = "unknown";
  }
  const entry: CorpusEntry = { name, of: "frames", hex: [Buffer.from(bytes).toString("hex")], verdict };
  mkdirSync(join(folder, "found"), { recursive: true });
  const path = join(folder, "found", `${name.replace(/\W+/g, "-")}.json`);
  writeFileSync(path, `${JSON.stringify([entry], null, 2)}\n`);
  return path;
}
