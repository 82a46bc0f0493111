import { describe, expect, test } from "@jest/globals";
import { appendMessage, decodeWire, encode, toMessage } from "../../src/protocol/codec.js";
import { Decoder } from "../../src/protocol/decoder.js";
import { maxEnvelopeNodes } from "../../src/protocol/limits.js";
import { type Message, messageCode, type MessageType } from "../../src/protocol/messages.js";
import { OutboxBuffer } from "../../src/protocol/outbox-buffer.js";
import { float, Raw, smallest, type Widths, write } from "./msgpack-writer.js";
import { bytesOf, concat, frameOf, hexOf, validVectors } from "./vectors.js";

const id = 7;
const text = "añ";
const bin = Uint8Array.of(0xc0);
const context = [1, 2, [["h", "v"]], ["u", ["r"]]];

/** One example of the fields of each message that has fields, and what the wire calls each of them. */
const examples: Readonly<Record<string, { readonly fields: unknown[]; readonly kinds: string[] }>> = {
  Handshake: { fields: [65536, "Host", 3, 1000], kinds: ["u32", "role", "u32", "u32"] },
  HandshakeAck: { fields: [65536, 3, Array(16).fill(255), 9], kinds: ["u32", "u32", "serverId", "u32"] },
  ListExportsResult: { fields: [[["f", true, false, "{}", text]]], kinds: ["exports"] },
  Invoke: { fields: [id, text, bin, 9, context], kinds: ["u64", "str", "bin", "u32", "context"] },
  InvokeResult: { fields: [id, bin, 5], kinds: ["u64", "bin", "u64"] },
  InvokeError: { fields: [id, 2000, "User", text, bin], kinds: ["u64", "u16", "kind", "str", "bin?"] },
  StreamStart: { fields: [id, 16], kinds: ["u64", "u32"] },
  StreamChunk: { fields: [id, 1, bin], kinds: ["u64", "u64", "bin"] },
  StreamEnd: { fields: [id, 1], kinds: ["u64", "u64"] },
  StreamError: { fields: [id, 2000, text], kinds: ["u64", "u16", "str"] },
  StreamAck: { fields: [id, 1, 16], kinds: ["u64", "u64", "u32"] },
  Cancel: { fields: [id], kinds: ["u64"] },
  CancelAck: { fields: [id], kinds: ["u64"] },
  LogEvent: { fields: ["info", text, [["k", "v"]]], kinds: ["str", "str", "pairs"] },
  HealthStatus: { fields: [1, 2, 3], kinds: ["u64", "u32", "u64"] },
};

/** What does not fit a field of each kind. */
const integersNot = [
  null,
  true,
  "1",
  bin,
  [],
  {},
  -1,
  1.5,
  new Raw(...float(1)),
  new Raw(0xd4, 0, 0),
  new Raw(0xc1),
];
const textsNot = [
  null,
  false,
  1,
  bin,
  [],
  {},
  new Raw(0xa1, 0xff),
  new Raw(0xa2, 0xc0, 0x80),
  new Raw(0xa3, 0xed, 0xa0, 0x80),
];
const pairsNot = [
  null,
  1,
  {},
  "a",
  [["a"]],
  [["a", "b", "c"]],
  [["a", 1]],
  [[null, "b"]],
  [{ a: "b" }],
  [new Raw(0x92, 0xa1, 0x61, 0xa1, 0xff)],
];
const misfits: Readonly<Record<string, readonly unknown[]>> = {
  u16: [...integersNot, 65536, 2n ** 32n, 2n ** 64n - 1n],
  u32: [...integersNot, 2n ** 32n, 2n ** 64n - 1n],
  u64: [
    ...integersNot,
    new Raw(0xd3, 0x80, 0, 0, 0, 0, 0, 0, 0),
    new Raw(0xd2, 0xff, 0xff, 0xff, 0xff),
    new Raw(0xd1, 0xff, 0xff),
  ],
  str: textsNot,
  role: [...textsNot, "host", "Host ", ""],
  kind: [...textsNot, "user", "Panic", ""],
  bin: [null, 1, "text", [], [1, 2], {}],
  "bin?": [1, "text", [], false],
  serverId: [
    null,
    new Uint8Array(16),
    Array(15).fill(0),
    Array(17).fill(0),
    Array(16).fill(256),
    Array(16).fill("a"),
    {},
  ],
  pairs: pairsNot,
  exports: [
    null,
    {},
    [["f", true, false, "{}"]],
    [["f", true, false, "{}", "{}", 1]],
    [["f", 1, false, "{}", "{}"]],
    [["f", true, null, "{}", "{}"]],
    [[1, true, false, "{}", "{}"]],
    [{ name: "f" }],
  ],
  context: [
    null,
    [],
    {},
    [1, 2, []],
    [1, 2, [], null, null],
    new Raw(0x93, 1, 2, 0x90, 0xc0),
    new Raw(0x95, 1, 2, 0x90, 0xc0),
    new Raw(0x94, 1, 2, 0x91, 0x93, 0xa0, 0xa0, 0xc0),
    new Raw(0x94, 1, 2, 0x90, 0x91, 0xa0, 0x90),
    ...integersNot.flatMap((wrong) => [
      [wrong, 2, [], null],
      [1, wrong, [], null],
    ]),
    ...pairsNot.map((wrong) => [1, 2, wrong, null]),
    ...textsNot.map((wrong) => [1, 2, [], [wrong, []]]),
    ...textsNot.map((wrong) => [1, 2, [], ["u", [wrong]]]),
    ...[1, "u", false, [], ["u"], ["u", null], ["u", "r"], ["u", [], 1], { u: [] }].map((wrong) => [
      1,
      2,
      [],
      wrong,
    ]),
  ],
};

function payloadOf(type: string, fields: unknown, widths?: Widths): Uint8Array {
  return write({ [type]: fields }, widths);
}

function reasonOf(code: number, payload: Uint8Array): string {
  try {
    decodeWire(code, payload);
    return "accepted";
  } catch (error) {
    return (error as { reason?: string }).reason ?? String(error);
  }
}

describe.each(Object.entries(examples))("%s", (type, { fields, kinds }) => {
  const code = messageCode[type as MessageType];
  const expected = decodeWire(code, payloadOf(type, fields));

  test("the example is accepted, and its bytes come back", () => {
    expect(expected.type).toBe(type);
    expect(hexOf(encode(toMessage(expected)).subarray(5))).toBe(hexOf(payloadOf(type, fields)));
  });

  test.each(kinds.map((kind, index) => ({ kind, index })))(
    "field $index refuses what is no $kind",
    ({ kind, index }) => {
      for (const wrong of misfits[kind] ?? []) {
        const changed = fields.map((field, at) => (at === index ? wrong : field));
        expect([wrong, reasonOf(code, payloadOf(type, changed))]).toStrictEqual([wrong, "malformed"]);
      }
    },
  );

  test("refuses one field less, one more, fields as a map, a bare name and trailing bytes", () => {
    const payload = payloadOf(type, fields);
    const asMap = Object.fromEntries(fields.map((field, index) => [String(index), field]));
    expect(reasonOf(code, payloadOf(type, fields.slice(0, -1)))).toBe("malformed");
    expect(reasonOf(code, payloadOf(type, [...fields, null]))).toBe("malformed");
    expect(reasonOf(code, payloadOf(type, [...fields, 0]))).toBe("malformed");
    expect(reasonOf(code, payloadOf(type, asMap))).toBe("malformed");
    expect(reasonOf(code, payloadOf(type, null))).toBe("malformed");
    expect(reasonOf(code, write(type))).toBe("malformed");
    expect(reasonOf(code, concat([payload, Uint8Array.of(0xc0)]))).toBe("malformed");
    for (let cut = 0; cut < payload.length; cut++) {
      expect(reasonOf(code, payload.subarray(0, cut))).toBe("malformed");
    }
  });

  test.each([
    { containers: 16, texts: 8, bins: 16, integers: 8, signed: false },
    { containers: 16, texts: 16, bins: 16, integers: 16, signed: true },
    { containers: 32, texts: 32, bins: 32, integers: 32, signed: false },
    { containers: 32, texts: 32, bins: 32, integers: 64, signed: true },
    { ...smallest, integers: 64 },
    { ...smallest, integers: 8, signed: true },
    { ...smallest, integers: 32, signed: true },
  ] as const)("accepts longer headers (%j)", (widths) => {
    const longer = payloadOf(type, fields, widths);
    const decoded = toMessage(decodeWire(code, longer));
    expect(longer.length).toBeGreaterThanOrEqual(payloadOf(type, fields).length);
    expect(decoded).toStrictEqual(toMessage(expected));
  });
});

describe("code and name", () => {
  const names = Object.keys(messageCode) as MessageType[];

  test("agree for every pair of messages, or the frame is malformed", () => {
    for (const name of names) {
      const payload = name in examples ? payloadOf(name, examples[name]?.fields) : write(name);
      for (const other of names) {
        expect(reasonOf(messageCode[other], payload)).toBe(name === other ? "accepted" : "malformed");
      }
    }
  });

  test("an unknown code or name is unknown-message", () => {
    const known = new Set<number>(Object.values(messageCode));
    for (let code = 0; code < 256; code++) {
      if (!known.has(code)) expect(reasonOf(code, payloadOf("Cancel", [1]))).toBe("unknown-message");
    }
    for (const name of ["cancel", "Cancel ", "", "constructor", "__proto__", "toString"]) {
      const payload = concat([Uint8Array.of(0x81), write(name), write([1])]);
      expect(reasonOf(messageCode.Cancel, payload)).toBe("unknown-message");
      expect(reasonOf(messageCode.Shutdown, write(name))).toBe("unknown-message");
    }
  });

  test("a message without fields is its bare name alone", () => {
    for (const name of ["Shutdown", "ShutdownAck", "ListExports", "HealthCheck"] as const) {
      expect(reasonOf(messageCode[name], write(name))).toBe("accepted");
      for (const fields of [null, [], {}, [1]])
        expect(reasonOf(messageCode[name], payloadOf(name, fields))).toBe("malformed");
    }
  });
});

describe("integers of 64 bits", () => {
  test("2^53 and 2^53+1 stay distinct, and 2^53-1 is a number", () => {
    const ids = [2n ** 53n - 1n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 64n - 1n];
    const read = ids.map((requestId) => decodeWire(0x40, payloadOf("Cancel", [requestId])));
    expect(read.map((message) => (message.type === "Cancel" ? message.requestId : undefined))).toStrictEqual([
      9007199254740991,
      2n ** 53n,
      2n ** 53n + 1n,
      2n ** 64n - 1n,
    ]);
    const hand = ids.map((requestId) =>
      decodeWire(0x21, payloadOf("InvokeResult", [requestId, bin, requestId])),
    );
    expect(hand).toMatchObject(
      read.map((message) => ({ requestId: (message as { requestId: unknown }).requestId })),
    );
  });

  test("a small bigint and a number above 2^32 are written in the smallest form", () => {
    expect(hexOf(encode({ type: "Cancel", requestId: 42n }))).toBe(
      hexOf(encode({ type: "Cancel", requestId: 42 })),
    );
    expect(hexOf(encode({ type: "StreamEnd", requestId: 2 ** 40, totalChunks: 2 ** 32 - 1 }))).toContain(
      "92cf0000010000000000ceffffffff",
    );
    const result = { type: "InvokeResult", result: bin, durationUs: 1n } as const;
    expect(hexOf(encode({ ...result, requestId: 5n }))).toBe(
      hexOf(encode({ ...result, requestId: 5, durationUs: 1 })),
    );
  });
});

describe("more than a frame may hold", () => {
  const code = messageCode.LogEvent;

  test("a million values are accepted and one more is refused, by hand as by scan", () => {
    // LogEvent: map, name, fields, level, message, array, and 3 for each pair. Invoke: 12 besides its headers.
    for (const [type, own, before, after] of [
      ["LogEvent", 6, ["", ""], []],
      ["Invoke", 12, [0, "f", bin, 0], []],
    ] as const) {
      const count = Math.floor((maxEnvelopeNodes - own) / 3);
      for (const extra of [0, 1]) {
        const pairs = concat([
          Uint8Array.of(0xdd, 0, 0, 0, 0),
          Uint8Array.from({ length: (count + extra) * 3 }, (_, at) => (at % 3 === 0 ? 0x92 : 0xa0)),
        ]);
        new DataView(pairs.buffer).setUint32(1, count + extra);
        const raw = new Raw();
        Object.assign(raw, { bytes: pairs });
        const last = type === "Invoke" ? [[0, 0, raw, null]] : [raw];
        const verdict = reasonOf(messageCode[type], payloadOf(type, [...before, ...last, ...after]));
        expect([type, extra, verdict]).toStrictEqual([type, extra, extra === 0 ? "accepted" : "malformed"]);
      }
    }
  });

  test("named bombs are refused", () => {
    const bombs: Record<string, string> = {
      "array32 of 30 million in 5 bytes": "dd01c9c380",
      "array32 of 2^32-1": "ddffffffff",
      "map32 of 2^32-1": "dfffffffff",
      "str32 of 2^32-1": "dbffffffff",
      "bin32 of 2^32-1": "c6ffffffff",
      "ext32 of 2^32-1": "c9ffffffff01",
      "nested array16 of 65535": "dcffff".repeat(1000),
      "depth 65": `${"91".repeat(65)}c0`,
      "depth 1025": `${"91".repeat(1025)}c0`,
      "depth 10^6": `${"91".repeat(1_000_000)}c0`,
      "a million equal keys": `df000f4240${"a161c0".repeat(1_000_000)}`,
      "fixext 1": "d40100",
      "timestamp of 5 bytes": "c705ff0000000000",
      "reserved byte": "c1",
    };
    for (const [name, hex] of Object.entries(bombs)) {
      for (const head of ["", "81a84c6f674576656e74", "81a84c6f674576656e7493a0a0"]) {
        expect([name, reasonOf(code, bytesOf(head + hex))]).toStrictEqual([name, "malformed"]);
      }
      for (const head of [
        "",
        "81a6496e766f6b65",
        "81a6496e766f6b659501a166c40000",
        "81a6496e766f6b659501a166c40000940000",
      ]) {
        expect([name, reasonOf(messageCode.Invoke, bytesOf(head + hex))]).toStrictEqual([name, "malformed"]);
      }
    }
  });
});

describe("writing", () => {
  test("accepts a payload of exactly the limit and refuses one byte more, leaving the buffer as it was", () => {
    const messages = [
      { type: "InvokeResult", requestId: 1, result: new Uint8Array(200), durationUs: 0 },
      {
        type: "Invoke",
        requestId: 1,
        functionName: "f",
        params: new Uint8Array(200),
        deadlineMs: 0,
        context: { traceId: 0, spanId: 0, headers: [], auth: null },
      },
      { type: "StreamChunk", requestId: 1, sequence: 0, data: new Uint8Array(200) },
    ] as const satisfies readonly Message[];
    for (const message of messages) {
      const frame = encode(message);
      const out = new OutboxBuffer();
      appendMessage(out, { type: "HealthCheck" });
      const before = out.length;
      expect(() => {
        appendMessage(out, message, frame.length - 6);
      }).toThrow(expect.objectContaining({ reason: "frame-too-large" }));
      expect(out.length).toBe(before);
      appendMessage(out, message, frame.length - 5);
      expect(hexOf(out.take().subarray(before))).toBe(hexOf(frame));
    }
  });

  test("takes 104 857 600 bytes of payload and not one more", () => {
    const overhead =
      encode({ type: "InvokeResult", requestId: 1, result: new Uint8Array(70_000), durationUs: 0 }).length -
      70_005;
    const largest = new Uint8Array(104_857_600 - overhead);
    const frame = encode({ type: "InvokeResult", requestId: 1, result: largest, durationUs: 0 });
    expect(frame.length).toBe(104_857_605);
    const [message] = new Decoder().push(frame);
    expect(message?.type === "InvokeResult" ? message.result.length : 0).toBe(largest.length);
    const tooLarge = expect.objectContaining({ reason: "frame-too-large" });
    const larger = new Uint8Array(largest.length + 1);
    expect(() => encode({ type: "InvokeResult", requestId: 1, result: larger, durationUs: 0 })).toThrow(
      tooLarge,
    );
    expect(() =>
      encode({ type: "StreamChunk", requestId: 1, sequence: 0, data: new Uint8Array(104_857_600) }),
    ).toThrow(tooLarge);
  });

  test("a result that is too large costs no memory before it is refused (U21: one oversized result ended the writer)", () => {
    const out = new OutboxBuffer();
    const result = new Uint8Array(16 * 1_048_576);
    const before = process.memoryUsage().arrayBuffers;
    expect(() => {
      appendMessage(out, { type: "InvokeResult", requestId: 1, result, durationUs: 0 }, 1_048_576);
    }).toThrow(expect.objectContaining({ reason: "frame-too-large" }));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_048_576);
    appendMessage(out, { type: "HealthCheck" });
    expect(new Decoder().push(out.take())).toStrictEqual([{ type: "HealthCheck" }]);
  });

  test("refuses by field what the peer would refuse the connection for", () => {
    const cancel = (requestId: unknown): Message => ({ type: "Cancel", requestId }) as Message;
    for (const wrong of [-1, 1.5, NaN, 2 ** 53, -1n, 2n ** 64n, "1", null, undefined]) {
      expect(() => encode(cancel(wrong))).toThrow(/^The field requestId is /);
      expect(() =>
        encode({ type: "InvokeResult", requestId: 1, result: bin, durationUs: wrong } as Message),
      ).toThrow(/durationUs/);
    }
    expect(() => encode({ type: "StreamError", requestId: 1, code: 65536, message: "" })).toThrow(
      /The field code is 65536, but must be 0 to 65535/,
    );
    expect(() =>
      encode({ type: "HandshakeAck", protocolVersion: 1, capabilities: 0, serverId: [1], exportCount: 0 }),
    ).toThrow(/serverId/);
    expect(() =>
      encode({
        type: "Handshake",
        protocolVersion: 1,
        role: "Admin",
        capabilities: 0,
        maxFrameSize: 0,
      } as unknown as Message),
    ).toThrow(/role/);
    expect(() =>
      encode({ type: "InvokeResult", requestId: 1, result: "text", durationUs: 0 } as unknown as Message),
    ).toThrow(/result/);
    expect(() =>
      encode({ type: "LogEvent", level: "info", message: 5, fields: [] } as unknown as Message),
    ).toThrow(/message/);
  });

  test("a lone surrogate in free text becomes U+FFFD, short and long, by hand and by library", () => {
    for (const filler of ["", "x".repeat(300)]) {
      const lone = `${filler}\ud800${filler}`;
      const repaired = `${filler}\ufffd${filler}`;
      const sent: Message[] = [
        { type: "StreamError", requestId: 1, code: 2000, message: lone },
        {
          type: "Invoke",
          requestId: 1,
          functionName: lone,
          params: bin,
          deadlineMs: 0,
          context: { traceId: 0, spanId: 0, headers: [[lone, lone]], auth: { userId: lone, roles: [lone] } },
        },
      ];
      const received = sent.flatMap((message) => new Decoder().push(encode(message)));
      expect(JSON.stringify(received)).toBe(
        JSON.stringify(sent.flatMap((message) => new Decoder().push(encode(message)))),
      );
      expect(received).toMatchObject([
        { message: repaired },
        {
          functionName: repaired,
          context: { headers: [[repaired, repaired]], auth: { userId: repaired, roles: [repaired] } },
        },
      ]);
    }
  });

  test("text that begins with a byte order mark keeps it, short and long", () => {
    for (const message of ["\ufeff", `\ufeff${"x".repeat(300)}`]) {
      expect(
        new Decoder().push(encode({ type: "StreamError", requestId: 1, code: 1, message })),
      ).toMatchObject([{ message }]);
    }
  });

  test("every vector's message, written into one buffer, comes out in order", () => {
    const out = new OutboxBuffer();
    for (const { message } of validVectors) appendMessage(out, message);
    expect(new Decoder().push(out.take())).toStrictEqual(validVectors.map(({ message }) => message));
    expect(frameOf(0x60, "ab4865616c7468436865636b")).toStrictEqual(encode({ type: "HealthCheck" }));
  });
});

describe("the context of an Invoke", () => {
  test("stays the bytes it came as", () => {
    const payload = payloadOf("Invoke", [1, "f", bin, 0, context], {
      ...smallest,
      integers: 64,
      containers: 32,
    });
    const wire = decodeWire(messageCode.Invoke, payload);
    if (wire.type !== "Invoke") throw new Error("not an Invoke");
    expect(hexOf(wire.contextBytes)).toBe(
      hexOf(write(context, { ...smallest, integers: 64, containers: 32 })),
    );
    const out = new OutboxBuffer();
    appendMessage(out, wire);
    expect(toMessage(decodeWire(messageCode.Invoke, out.take().subarray(5)))).toStrictEqual(toMessage(wire));
  });
});
