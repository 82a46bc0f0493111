import { describe, expect, test } from "@jest/globals";
import {
  ConfigError,
  errorTable,
  isErrorCode,
  isSpliceError,
  messageOf,
  SpliceError,
  type ErrorCode,
} from "../src/errors.js";

describe("the table", () => {
  const codes = Object.keys(errorTable).map(Number).filter(isErrorCode);

  test("is closed: these codes, these names", () => {
    expect(codes.map((code) => [code, errorTable[code].name])).toEqual([
      [1000, "InvalidRequest"],
      [1001, "InvalidParams"],
      [1002, "FunctionNotFound"],
      [1003, "Unauthorized"],
      [1004, "FrameTooLarge"],
      [2000, "ExecutionFailed"],
      [2001, "Timeout"],
      [2002, "Cancelled"],
      [2003, "Panic"],
      [3000, "Internal"],
      [3001, "Unavailable"],
      [3002, "Overloaded"],
      [3003, "LinkLost"],
    ]);
    for (const odd of [0, 999, 1005, 2004, 3004, NaN]) expect(isErrorCode(odd)).toBe(false);
    expect(isErrorCode("toString" as never)).toBe(false);
  });

  test("promises that a function never ran for 1xxx, 3001 and 3002, and a retry for the last two alone", () => {
    const notStarted = codes.filter((code: ErrorCode) => errorTable[code].notStarted);
    expect(notStarted).toEqual([1000, 1001, 1002, 1003, 1004, 3001, 3002]);
    expect(codes.filter((code: ErrorCode) => errorTable[code].retryable)).toEqual([3001, 3002]);
  });
});

describe("SpliceError", () => {
  test("takes name, kind and retryable from the table; the message is unchanged", () => {
    const error = new SpliceError({ code: 3002, message: "too many\n" });
    expect(error).toMatchObject({
      name: "Overloaded",
      kind: "System",
      retryable: true,
      message: "too many\n",
      functionName: undefined,
      requestId: undefined,
    });
    expect("cause" in error).toBe(false);
  });

  test("keeps a peer's own kind, and carries what it is given", () => {
    const cause = new Error("why");
    const error = new SpliceError({
      code: 2000,
      message: "m",
      kind: "System",
      functionName: "f",
      requestId: 7n,
      details: { a: 1 },
      cause,
    });
    expect(error).toMatchObject({ kind: "System", functionName: "f", requestId: 7n, details: { a: 1 } });
    expect(error.cause).toBe(cause);
  });

  test("of a code that is not in the table is still a named, final error", () => {
    expect(new SpliceError({ code: 4711, message: "m" })).toMatchObject({
      name: "Error4711",
      kind: "System",
      retryable: false,
    });
  });

  test("is recognised across copies of the package, and shows no more than it is", () => {
    const foreign = Object.defineProperty(new Error("m"), Symbol.for("splice.error"), { value: true });
    expect([new SpliceError({ code: 2000, message: "m" }), foreign].map(isSpliceError)).toEqual([true, true]);
    expect([new Error("m"), null, undefined, "text", { code: 2000 }].map(isSpliceError)).toEqual(
      Array(5).fill(false),
    );
    expect(Object.keys(new SpliceError({ code: 2000, message: "m" }))).not.toContain("Symbol(splice.error)");
  });
});

describe("ConfigError", () => {
  test.each([
    ["text", '"text"'],
    [5, "5"],
    [undefined, "undefined"],
    [null, "null"],
    [[1], "an array"],
    [{ a: 1 }, "an object"],
    [() => 1, "a function"],
  ])("shows the value %p in words", (value, shown) => {
    const error = new ConfigError("limits.maxInFlight", value, "a whole number above 0");
    expect(error.message).toBe(
      `Configuration limits.maxInFlight is ${shown}, but must be a whole number above 0.`,
    );
    expect(error).toMatchObject({ name: "ConfigError", path: "limits.maxInFlight", value });
  });
});

test.each([
  [new Error("e"), "e"],
  [{ message: 5 }, "5"],
  ["text", "text"],
  [undefined, "undefined"],
  [null, "null"],
  [Symbol("s"), "Symbol(s)"],
])("messageOf %p is text", (thrown, message) => {
  expect(messageOf(thrown)).toBe(message);
});
