import { expect, test } from "@jest/globals";
import { encode } from "../../src/protocol/index.js";
import { decodeValue } from "../../src/protocol/values.js";
import { resultRefusal } from "../../src/host/result-refusal.js";

const requestId = 2n ** 60n;
const durationUs = 70_000;

test("a result is refused exactly when its frame would be over the limit", () => {
  for (const length of [0, 1, 200, 255, 256, 65_535, 65_536]) {
    const result = new Uint8Array(length);
    const payloadBytes = encode({ type: "InvokeResult", requestId, result, durationUs }).length - 5;
    expect(resultRefusal(requestId, result, durationUs, payloadBytes)).toBeNull();
    expect(resultRefusal(requestId, result, durationUs, payloadBytes + 100)).toBeNull();
    expect(resultRefusal(requestId, result, durationUs, payloadBytes - 1)).toMatchObject({
      code: 2000,
      kind: "System",
    });
  }
});

test("the refusal names both sizes", () => {
  const refusal = resultRefusal(1, new Uint8Array(5000), 1, 1024);
  expect(refusal?.message).toMatch(/5000 bytes.*1024 bytes/);
  expect(decodeValue(refusal?.details ?? new Uint8Array(0))).toEqual({
    name: "ResultTooLarge",
    bytes: 5000,
    limit: 1024,
  });
});
