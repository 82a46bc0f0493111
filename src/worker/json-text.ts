// Any value as one line of JSON for people to read. Never throws; loses what JSON cannot say.

/** Undefined where JSON has nothing: for undefined, functions, symbols, circles. Bigints become digits in quotes. */
export function jsonText(value: unknown): string | undefined {
  try {
    return JSON.stringify(value, (_, each: unknown) => (typeof each === "bigint" ? String(each) : each));
  } catch {
    return undefined;
  }
}
