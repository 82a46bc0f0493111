import { Decoder as LibraryDecoder, Encoder as LibraryEncoder } from "@msgpack/msgpack";
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { appendInvoke, appendInvokeResult, decodeWire } from "../../src/protocol/codec.js";
import { decodeContext, emptyContextBytes, encodeContext } from "../../src/protocol/context.js";
import type { RequestContext, U64 } from "../../src/protocol/messages.js";
import { exactInteger } from "../../src/protocol/msgpack.js";
import { OutboxBuffer } from "../../src/protocol/outbox-buffer.js";
import { hexOf } from "./vectors.js";

const encoder = new LibraryEncoder({ useBigInt64: true });
const decoder = new LibraryDecoder({ useBigInt64: true });

const edges = [0, 7, 8, 15, 16, 31, 32, 53, 63].flatMap((bit) =>
  [-1n, 0n, 1n].map((by) => 2n ** BigInt(bit) + by),
);
/** Any u64 as this code holds it: a number up to 2^53-1, a bigint above. */
const u64 = fc
  .oneof(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.constantFrom(...edges, 2n ** 64n - 1n))
  .map((value): U64 => (value <= 2n ** 53n - 1n ? Number(value) : value));
const u32 = fc.oneof(
  fc.integer({ min: 0, max: 0xffff_ffff }),
  fc.constantFrom(0, 127, 128, 255, 256, 65535, 65536, 0xffff_ffff),
);
const text = fc.oneof(
  { weight: 8, arbitrary: fc.string({ unit: "binary", maxLength: 40 }) },
  fc.constantFrom(31, 32, 64, 65, 201, 255, 256, 65535, 65536).map((length) => "n".repeat(length)),
  fc.constantFrom("math.add", "\ufeffmark", `\ufeff${"x".repeat(40)}`, "世界🚀"),
);
const bytes = fc.oneof(
  { weight: 8, arbitrary: fc.uint8Array({ maxLength: 80 }) },
  fc.constantFrom(0, 255, 256, 65535, 65536).map((length) => new Uint8Array(length).fill(length)),
);
const context: fc.Arbitrary<RequestContext> = fc.record({
  traceId: u64,
  spanId: u64,
  headers: fc.array(fc.tuple(text, text), { maxLength: 20 }),
  auth: fc.option(fc.record({ userId: text, roles: fc.array(text, { maxLength: 20 }) })),
});

function contextFields({ traceId, spanId, headers, auth }: RequestContext): unknown[] {
  return [
    exactInteger(traceId),
    exactInteger(spanId),
    headers,
    auth === null ? null : [auth.userId, auth.roles],
  ];
}

/** Integers as this code holds them: the library gives a bigint for every 64-bit form. */
function narrow(value: unknown): unknown {
  return typeof value === "bigint" && value <= 2n ** 53n - 1n ? Number(value) : value;
}

describe("bytes written by hand", () => {
  test("of an Invoke are those of the library, and read back the same by both", () => {
    const out = new OutboxBuffer();
    fc.assert(
      fc.property(u64, text, bytes, u32, context, (requestId, functionName, params, deadlineMs, ctx) => {
        appendInvoke(out, requestId, functionName, params, deadlineMs, encodeContext(ctx));
        const frame = out.take();
        const payload = frame.subarray(5);
        const fields = [exactInteger(requestId), functionName, params, deadlineMs, contextFields(ctx)];
        expect(hexOf(payload)).toBe(hexOf(encoder.encode({ Invoke: fields })));
        expect([...frame.subarray(0, 5)]).toStrictEqual([
          (payload.length >>> 24) & 0xff,
          (payload.length >>> 16) & 0xff,
          (payload.length >>> 8) & 0xff,
          payload.length & 0xff,
          0x20,
        ]);

        const wire = decodeWire(0x20, payload);
        const contextBytes = encodeContext(ctx);
        if (wire.type !== "Invoke") throw new Error("not an Invoke");
        expect(hexOf(wire.params)).toBe(hexOf(params));
        expect(hexOf(wire.contextBytes)).toBe(hexOf(contextBytes));
        expect({ ...wire, params: 0, contextBytes: 0 }).toEqual({
          type: "Invoke",
          requestId,
          functionName,
          params: 0,
          deadlineMs,
          contextBytes: 0,
        });
        expect(decodeContext(contextBytes)).toEqual(ctx);
        // Texts are left out here: the library drops a byte order mark in front of long ones.
        const { Invoke } = decoder.decode(payload) as {
          Invoke: [unknown, string, Uint8Array, number, unknown[]];
        };
        expect([narrow(Invoke[0]), Invoke[3], ...Invoke[4].slice(0, 2).map(narrow)]).toStrictEqual([
          requestId,
          deadlineMs,
          ctx.traceId,
          ctx.spanId,
        ]);
        expect(hexOf(Invoke[2])).toBe(hexOf(params));
      }),
      { numRuns: 1000 },
    );
  });

  test("of an InvokeResult are those of the library, and read back the same by both", () => {
    const out = new OutboxBuffer();
    fc.assert(
      fc.property(u64, bytes, u64, (requestId, result, durationUs) => {
        appendInvokeResult(out, requestId, result, durationUs);
        const payload = out.take().subarray(5);
        const fields = [exactInteger(requestId), result, exactInteger(durationUs)];
        expect(hexOf(payload)).toBe(hexOf(encoder.encode({ InvokeResult: fields })));
        const wire = decodeWire(0x21, payload);
        const { InvokeResult } = decoder.decode(payload) as { InvokeResult: [unknown, Uint8Array, unknown] };
        if (wire.type !== "InvokeResult") throw new Error("not an InvokeResult");
        expect([wire.requestId, hexOf(wire.result), wire.durationUs]).toEqual([
          requestId,
          hexOf(result),
          durationUs,
        ]);
        expect([narrow(InvokeResult[0]), hexOf(InvokeResult[1]), narrow(InvokeResult[2])]).toEqual([
          requestId,
          hexOf(result),
          durationUs,
        ]);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("a context", () => {
  test("that says nothing is the constant", () => {
    const empty: RequestContext = { traceId: 0, spanId: 0, headers: [], auth: null };
    expect(hexOf(encodeContext(empty))).toBe(hexOf(emptyContextBytes));
    expect(decodeContext(emptyContextBytes)).toStrictEqual(empty);
  });

  test("is refused as bytes when anything is left over or missing", () => {
    for (let cut = 0; cut < emptyContextBytes.length; cut++) {
      expect(() => decodeContext(emptyContextBytes.subarray(0, cut))).toThrow(/malformed/);
    }
    expect(() => decodeContext(Uint8Array.of(...emptyContextBytes, 0xc0))).toThrow(
      /bytes are left after the value/,
    );
  });
});
