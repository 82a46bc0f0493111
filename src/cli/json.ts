// Values as the command line prints them: JSON, with a form for what JSON lacks. Pure.

/** One line of JSON; undefined is no text at all. bigint as digits, Date as ISO text, bytes as {"$bytes": base64}. */
export function toJson(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (value === null || typeof value === "boolean" || typeof value === "string") return JSON.stringify(value);
  if (typeof value === "number") return JSON.stringify(value);
  if (typeof value === "bigint") return value.toString();
  if (value instanceof Date) return JSON.stringify(value);
  if (value instanceof Uint8Array)
    return `{"$bytes":${JSON.stringify(Buffer.from(value).toString("base64"))}}`;
  if (Array.isArray(value)) return `[${value.map((item) => toJson(item) ?? "null").join(",")}]`;
  if (typeof value !== "object") return undefined;
  const entries = Object.entries(value).flatMap(([key, item]) => {
    const text = toJson(item);
    return text === undefined ? [] : [`${JSON.stringify(key)}:${text}`];
  });
  return `{${entries.join(",")}}`;
}
