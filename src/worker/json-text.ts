// Any value as one line for people to read, as JSON or as text. Never throws; loses what JSON cannot say.
// Knows nothing of errors or calls.

/** Undefined where JSON has nothing: for undefined, functions, symbols, circles. Bigints become digits in quotes. */
export function jsonText(value: unknown): string | undefined {
  try {
    return JSON.stringify(value, (_, each: unknown) => (typeof each === "bigint" ? String(each) : each));
  } catch {
    return undefined;
  }
}

/** What stands for a value that throws when it is looked at. */
export const unshown = "[cannot be shown]";

/** Any value as text for people: text as it is, the rest as JSON where that says something. Never throws. */
export function shownText(value: unknown): string {
  try {
    if (typeof value === "string") return value;
    // JSON has no word for either: bigints, and numbers such as NaN.
    if (typeof value === "bigint" || typeof value === "number") return String(value);
    return jsonText(value) ?? String(value);
  } catch {
    return unshown;
  }
}
