import { expect, test } from "@jest/globals";
import { toSpliceError } from "../../src/contract/failure-error.js";
import { isSpliceError } from "../../src/errors.js";
import { encodeValue } from "../../src/protocol/values.js";

test("a failure of the wire becomes the error a program catches", () => {
  const details = encodeValue({ name: "RangeError", data: { x: 1 } });
  const error = toSpliceError({ code: 2000, kind: "User", message: "too far", details }, "math.add", 7);
  expect(isSpliceError(error)).toBe(true);
  expect(error).toMatchObject({
    code: 2000,
    name: "ExecutionFailed",
    kind: "User",
    message: "too far",
    functionName: "math.add",
    requestId: 7,
    details: { name: "RangeError", data: { x: 1 } },
  });
});

test("the cause is the abort's own reason, and absent when there is none", () => {
  const failure = { code: 2002, kind: "Cancelled", message: "m", details: null } as const;
  const reason = new Error("enough");
  expect(toSpliceError(failure, "f", 1, reason).cause).toBe(reason);
  expect("cause" in toSpliceError(failure, "f", 1)).toBe(false);
});

test.each([
  ["none", null],
  ["no MessagePack", Uint8Array.of(0xc1)],
  ["cut off", Uint8Array.of(0x81, 0xa1)],
])("details that are %s leave the failure as it is", (_what, details) => {
  const error = toSpliceError({ code: 3000, kind: "System", message: "m", details }, "f", 1);
  expect(error).toMatchObject({ code: 3000, message: "m", details: undefined });
});
