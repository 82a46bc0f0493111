// What form a client wants its items in, by the header Accept. Pure.

/** "events": text/event-stream. "lines": application/x-ndjson. */
export type StreamForm = "events" | "lines";

const types = { events: "text/event-stream", lines: "application/x-ndjson" } as const;

interface Wish {
  /** 0 to 1; 0 is a refusal, and what is not named. */
  readonly quality: number;
  /** Named, and not only let in by a wildcard. */
  readonly isNamed: boolean;
}

/** The form for a function that streams: whatever a client wants it gets, else lines. */
export function formOf(accept: string | null): StreamForm {
  return isWantedMore(wishFor(accept, types.events), wishFor(accept, types.lines)) ? "events" : "lines";
}

/** The form for the one result of a function that does not stream, where a client wants that more than plain JSON. */
export function askedFormOf(accept: string | null): StreamForm | null {
  const form = formOf(accept);
  return isWantedMore(wishFor(accept, types[form]), wishFor(accept, "application/json")) ? form : null;
}

function isWantedMore(one: Wish, other: Wish): boolean {
  if (one.quality !== other.quality) return one.quality > other.quality;
  return one.quality > 0 && one.isNamed && !other.isNamed;
}

/** The most specific range decides (RFC 9110, 12.5.1). */
function wishFor(accept: string | null, type: string): Wish {
  const ranges = new Map((accept ?? "").split(",").map(rangeOf));
  const named = ranges.get(type);
  if (named !== undefined) return { quality: named, isNamed: true };
  const quality = ranges.get(`${type.split("/")[0] ?? ""}/*`) ?? ranges.get("*/*") ?? 0;
  return { quality, isNamed: false };
}

function rangeOf(text: string): [range: string, quality: number] {
  const [range = "", ...parameters] = text.split(";").map((part) => part.trim().toLowerCase());
  const given = parameters.find((parameter) => /^q\s*=/.test(parameter))?.replace(/^q\s*=\s*/, "");
  const isValid = given !== undefined && /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(given);
  return [range, isValid ? Number(given) : 1];
}
