// States and events of a model as text: two that read the same are one to whoever walks it, so that what differs has to
// read differently. Knows values; nothing of graphs and of subjects.

/** A state and its context. */
export function stateText(state: unknown): string {
  const { value, context } = state as { readonly value: unknown; readonly context: object };
  const shown = JSON.stringify(value);
  return Object.keys(context).length === 0 ? shown : `${shown} ${valueText(context)}`;
}

/** As JSON, and what JSON takes for the same or leaves out, by its name. Throws an Error for what cannot be told apart. */
export function valueText(value: unknown): string {
  return JSON.stringify(value, (key: string, inner: unknown) => {
    if (typeof inner === "bigint") return { $bigint: inner.toString() };
    if (typeof inner === "number" && !Number.isFinite(inner)) return { $number: String(inner) };
    if (inner instanceof Map) return { $map: [...(inner as ReadonlyMap<unknown, unknown>)] };
    if (inner instanceof Set) return { $set: [...(inner as ReadonlySet<unknown>)] };
    if (isOpaque(inner)) {
      const kind = (inner as object).constructor.name;
      const what = `A state or event of the model holds ${kind === "" ? "an instance" : kind} as ${JSON.stringify(key)}`;
      throw new Error(
        `${what}, of which nothing can be read: keep plain values, arrays, Map and Set in a model.`,
      );
    }
    return inner;
  });
}

/** An instance of a class that shows nothing of itself: any two of them would read the same. */
function isOpaque(value: unknown): boolean {
  if (typeof value !== "object" || value === null || Array.isArray(value) || ArrayBuffer.isView(value))
    return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  const isPlain = prototype === null || Object.getPrototypeOf(prototype) === null;
  return !isPlain && Object.keys(value).length === 0;
}
