// The words for everything that can go wrong: the closed table of call errors and the two error classes.
// Knows nothing of wire, workers or machines; every other file may import it.

export type ErrorKind = "User" | "System" | "Timeout" | "Cancelled";

interface ErrorRow {
  readonly name: string;
  readonly kind: ErrorKind;
  /** True when the function was certainly not started, so calling again is safe. */
  readonly notStarted: boolean;
  /** True when calling again later may succeed. */
  readonly retryable: boolean;
}

/** Every code a call can end with. Class N (`notStarted`) promises that the function never ran. */
export const errorTable = {
  1000: { name: "InvalidRequest", kind: "System", notStarted: true, retryable: false },
  1001: { name: "InvalidParams", kind: "User", notStarted: true, retryable: false },
  1002: { name: "FunctionNotFound", kind: "User", notStarted: true, retryable: false },
  1003: { name: "Unauthorized", kind: "User", notStarted: true, retryable: false },
  1004: { name: "FrameTooLarge", kind: "System", notStarted: true, retryable: false },
  2000: { name: "ExecutionFailed", kind: "User", notStarted: false, retryable: false },
  2001: { name: "Timeout", kind: "Timeout", notStarted: false, retryable: false },
  2002: { name: "Cancelled", kind: "Cancelled", notStarted: false, retryable: false },
  2003: { name: "Panic", kind: "System", notStarted: false, retryable: false },
  3000: { name: "Internal", kind: "System", notStarted: false, retryable: false },
  3001: { name: "Unavailable", kind: "System", notStarted: true, retryable: true },
  3002: { name: "Overloaded", kind: "System", notStarted: true, retryable: true },
  3003: { name: "LinkLost", kind: "System", notStarted: false, retryable: false },
} as const satisfies Record<number, ErrorRow>;

export type ErrorCode = keyof typeof errorTable;

export function isErrorCode(code: number): code is ErrorCode {
  return Object.hasOwn(errorTable, code);
}

export interface SpliceErrorInit {
  readonly code: number;
  readonly message: string;
  readonly kind?: ErrorKind | undefined;
  readonly functionName?: string | undefined;
  readonly requestId?: number | bigint | undefined;
  /** What the peer or the runtime adds: misfits, limits, the thrown error's own name and data. */
  readonly details?: unknown;
  readonly cause?: unknown;
}

const brand = Symbol.for("splice.error");

/**
 * How a call ends when it does not end with a result. `code` and `name` are the protocol's; `message` is what
 * the function threw, unchanged, or a sentence of the runtime. `retryable` is true for 3001 and 3002 alone.
 */
export class SpliceError extends Error {
  readonly code: number;
  readonly kind: ErrorKind;
  readonly retryable: boolean;
  readonly functionName: string | undefined;
  readonly requestId: number | bigint | undefined;
  readonly details: unknown;

  constructor(init: SpliceErrorInit) {
    super(init.message, init.cause === undefined ? undefined : { cause: init.cause });
    const row: ErrorRow | undefined = isErrorCode(init.code) ? errorTable[init.code] : undefined;
    this.name = row?.name ?? `Error${String(init.code)}`;
    this.code = init.code;
    this.kind = init.kind ?? row?.kind ?? "System";
    this.retryable = row?.retryable ?? false;
    this.functionName = init.functionName;
    this.requestId = init.requestId;
    this.details = init.details;
    Object.defineProperty(this, brand, { value: true });
  }
}

/** Recognises a SpliceError of any copy of this package, in any realm. */
export function isSpliceError(error: unknown): error is SpliceError {
  return typeof error === "object" && error !== null && brand in error;
}

/** What leaves the program of an error, as `error` in an object: on the command line and over HTTP. */
export function publicError(error: SpliceError): object {
  const { code, name, kind, message, retryable, details } = error;
  return { code, name, kind, message, retryable, details };
}

/**
 * A mistake in configuration: `path` names the key, `value` what stood there, `expected` what may stand there, and
 * `file` the file that it was read from, if any.
 */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly path: string;
  readonly value: unknown;
  readonly expected: string;
  readonly file: string | undefined;

  constructor(path: string, value: unknown, expected: string, file?: string) {
    const place = file === undefined ? path : `${path} in ${file}`;
    super(`Configuration ${place} is ${describeValue(value)}, but must be ${expected}.`);
    this.path = path;
    this.value = value;
    this.expected = expected;
    this.file = file;
  }
}

/** A value as a sentence may show it: text quoted, numbers as they are, the kind of everything else. */
export function describeValue(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "function") return "a function";
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "an array" : "an object";
  return String(value);
}

/** The message of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  if (typeof thrown === "object" && thrown !== null && "message" in thrown) return String(thrown.message);
  return String(thrown);
}
