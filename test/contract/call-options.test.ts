import { describe, expect, test } from "@jest/globals";
import { prepareCall } from "../../src/contract/call-options.js";
import type { CallOptions } from "../../src/contract/splice.js";
import { decodeContext, emptyContextBytes } from "../../src/protocol/context.js";
import { decodeValue } from "../../src/protocol/values.js";

const contextOf = (options: CallOptions) => decodeContext(prepareCall("f", undefined, options).contextBytes);
const thrownBy = (run: () => unknown): unknown => {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error("Nothing was thrown.");
};
const refused = (options: unknown) => thrownBy(() => prepareCall("f", undefined, options as CallOptions));

describe("params", () => {
  test.each([undefined, null])("%p is no bytes at all", (params) => {
    expect(prepareCall("f", params, undefined).params).toHaveLength(0);
  });

  test("a plain object is a document", () => {
    expect(decodeValue(prepareCall("f", { a: [1, "x"] }, undefined).params)).toEqual({ a: [1, "x"] });
  });

  test.each([
    ["a value inside that cannot be carried", { a: [new Map()] }, "params.a[0]"],
    ["something that is no object", 5, "params"],
    ["an array", [1], "params"],
  ])("%s is 1001 with its path", (_what, params, path) => {
    const error = thrownBy(() => prepareCall("f", params, undefined));
    expect(error).toMatchObject({ code: 1001, functionName: "f", details: { issues: [{ path }] } });
    expect((error as Error).message).toContain(path);
  });
});

describe("timeoutMs", () => {
  test.each([undefined, 0, -5, 1.5, 1e12, Infinity, -Infinity])("%p passes as it is", (timeoutMs) => {
    expect(prepareCall("f", {}, { timeoutMs }).timeoutMs).toBe(timeoutMs);
  });
  test.each([NaN, "5", null, 5n])("%p is 1000", (timeoutMs) => {
    expect(refused({ timeoutMs })).toMatchObject({
      code: 1000,
      message: expect.stringContaining("timeoutMs"),
    });
  });
});

describe("context", () => {
  test("without options that need one it is the empty one, without a copy", () => {
    expect(prepareCall("f", {}, undefined).contextBytes).toBe(emptyContextBytes);
    expect(prepareCall("f", {}, { timeoutMs: 5 }).contextBytes).toBe(emptyContextBytes);
  });

  test.each([
    [
      "a record",
      { b: "1", a: "2" },
      [
        ["b", "1"],
        ["a", "2"],
      ],
    ],
    [
      "pairs, with order and repeats",
      [
        ["a", "1"],
        ["a", "2"],
      ],
      [
        ["a", "1"],
        ["a", "2"],
      ],
    ],
    ["Headers", new Headers({ "X-One": "1" }), [["x-one", "1"]]],
    ["none", {}, []],
  ] as const)("headers as %s", (_what, headers, pairs) => {
    expect(contextOf({ headers: headers }).headers).toEqual(pairs);
  });

  test.each([
    ["text", "a: b"],
    ["null", null],
    ["a number", 5],
    ["a pair of three", [["a", "b", "c"]]],
    ["a list of texts", ["ab"]],
    ["a value that is no text", { a: 1 }],
    ["a name that is no text", [[1, "a"]]],
    ["a lone surrogate", { a: "\ud800" }],
  ])("headers that are %s are 1000", (_what, headers) => {
    expect(refused({ headers })).toMatchObject({ name: "InvalidRequest", code: 1000, functionName: "f" });
  });

  test("auth with and without roles", () => {
    expect(contextOf({ auth: { userId: "u", roles: ["a", "b"] } }).auth).toEqual({
      userId: "u",
      roles: ["a", "b"],
    });
    expect(contextOf({ auth: { userId: "u" } }).auth).toEqual({ userId: "u", roles: [] });
  });

  test.each([
    ["null", null],
    ["text", "ada"],
    ["without a userId", { roles: [] }],
    ["with roles that are no list", { userId: "u", roles: "admin" }],
    ["with a role that is no text", { userId: "u", roles: [1] }],
  ])("auth %s is 1000", (_what, auth) => {
    expect(refused({ auth })).toMatchObject({ name: "InvalidRequest", code: 1000, functionName: "f" });
  });

  test("trace and span ids are whole numbers of 64 bit", () => {
    expect(contextOf({ traceId: 2n ** 64n - 1n, spanId: 5 })).toMatchObject({
      traceId: 2n ** 64n - 1n,
      spanId: 5,
    });
    for (const traceId of [-1, 1.5, 2 ** 53, -1n, 2n ** 64n, "7", NaN]) {
      expect(refused({ traceId })).toMatchObject({ code: 1000 });
    }
  });
});

describe("options as a whole", () => {
  test.each([
    ["null", null],
    ["a number", 5],
    ["a signal that is none", { signal: {} }],
    ["null as signal", { signal: null }],
    ["a signal that cannot be left", { signal: { aborted: false, addEventListener: () => undefined } }],
    ["headers that cannot be listed", { headers: { [Symbol.iterator]: 5 } }],
  ])("%s is 1000, before anything is sent", (_what, options) => {
    expect(refused(options)).toMatchObject({ name: "InvalidRequest", code: 1000, functionName: "f" });
  });
});
