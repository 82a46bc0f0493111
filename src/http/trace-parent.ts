// The header `traceparent` of W3C Trace Context (https://www.w3.org/TR/trace-context/), read as strictly as it says. Pure.

export interface Trace {
  /** The low 64 bits of the trace's 128. */
  readonly traceId: bigint;
  readonly spanId: bigint;
}

const form = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?$/;

/** Null for what is not valid: then the trace begins anew, and nothing else is the matter. */
export function traceOf(header: string | null): Trace | null {
  const [, version, trace = "", span = "", rest] = form.exec(header ?? "") ?? [];
  if (version === undefined || version === "ff") return null;
  // Later versions may say more behind what the first one says.
  if (version === "00" && rest !== undefined) return null;
  if (/^0+$/.test(trace) || /^0+$/.test(span)) return null;
  return { traceId: BigInt(`0x${trace.slice(16)}`), spanId: BigInt(`0x${span}`) };
}
