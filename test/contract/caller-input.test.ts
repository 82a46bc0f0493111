// A caller's input against a wire that remembers what it was told.

import { Readable } from "node:stream";
import { describe, expect, test } from "@jest/globals";
import { CallerInput, withInput, type InputWire } from "../../src/contract/caller-input.js";
import { ProtocolError } from "../../src/protocol/protocol-error.js";
import { decodeValue } from "../../src/protocol/values.js";

async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
}

function recordingWire(limitBytes = Infinity) {
  const said: unknown[][] = [];
  const wire: InputWire = {
    start: (window) => said.push(["start", window]),
    chunk: (sequence, data) => {
      if (data.length > limitBytes) throw new ProtocolError("frame-too-large", "There is no room.");
      said.push(["chunk", sequence, decodeValue(data)]);
    },
    end: (total) => said.push(["end", total]),
    fail: (code, message) => said.push(["fail", code, message]),
  };
  return { wire, said, kinds: () => said.map(([kind]) => kind) };
}

async function* counting(count: number, onReturn: () => void = () => undefined) {
  try {
    for (let item = 0; item < count; item++) yield item;
  } finally {
    onReturn();
  }
}

const kinds: [string, () => unknown][] = [
  ["an async generator", () => counting(3)],
  ["a Readable", () => Readable.from([0, 1, 2])],
  ["a web stream", () => ReadableStream.from([0, 1, 2])],
];

test.each(kinds)("%s is sent from its start to its end", async (_, make) => {
  const { wire, said } = recordingWire();
  new CallerInput("f", make()).begin(wire);
  await settle();
  expect(said).toEqual([
    ["start", 64],
    ["chunk", 0, 0],
    ["chunk", 1, 1],
    ["chunk", 2, 2],
    ["end", 3],
  ]);
});

test.each([[5], [null], ["text"], [[1, 2]], [{}]])("%p is no input", (input) => {
  expect(() => new CallerInput("f", input)).toThrow(
    /must be an AsyncIterable, a Readable or a ReadableStream/,
  );
});

test("a web stream that somebody else reads is refused, and says why", () => {
  const stream = ReadableStream.from([1]);
  stream.getReader();
  expect(() => new CallerInput("f", stream)).toThrow(expect.objectContaining({ code: 1000 }));
});

describe("credit", () => {
  test("no item is asked of the source before there is room for it", async () => {
    let asked = 0;
    const source = async function* () {
      for (;;) yield await Promise.resolve(++asked);
    };
    const { wire, kinds: told } = recordingWire();
    const input = new CallerInput("f", source());
    input.begin(wire);
    await settle();
    expect(asked).toBe(64);
    expect(told()).toHaveLength(65);
    expect(input.acknowledge(9, 64)).toBeNull();
    await settle();
    expect(asked).toBe(74);
    input.stop();
  });

  test("1 MiB unacknowledged holds the next item back, whatever the window", async () => {
    const source = async function* () {
      for (let item = 0; item < 4; item++) yield await Promise.resolve(new Uint8Array(400_000));
    };
    const { wire, kinds: told } = recordingWire();
    const input = new CallerInput("f", source());
    input.begin(wire);
    await settle();
    expect(told()).toEqual(["start", "chunk", "chunk"]);
    input.acknowledge(0, 64);
    await settle();
    expect(told()).toEqual(["start", "chunk", "chunk", "chunk"]);
    input.acknowledge(2, 64);
    await settle();
    expect(told()).toEqual(["start", "chunk", "chunk", "chunk", "chunk", "end"]);
  });

  test.each([
    ["of what was not sent", 3, 64, /chunk 3, but 3 were sent/],
    ["with too large a window", 0, 1025, /granted 1025/],
  ])("an acknowledgement %s is a breach", async (_, sequence, window, expected) => {
    const { wire } = recordingWire();
    const input = new CallerInput("f", counting(3));
    expect(input.acknowledge(0, 1)).toMatch(/before its input had started/);
    input.begin(wire);
    await settle();
    expect(input.acknowledge(sequence, window)).toMatch(expected);
  });
});

describe("what ends the input alone", () => {
  test("the source throws: its message, after the items before it", async () => {
    const source = async function* () {
      yield await Promise.resolve(1);
      throw new RangeError("the disk is gone");
    };
    const { wire, said } = recordingWire();
    new CallerInput("f", source()).begin(wire);
    await settle();
    expect(said.slice(1)).toEqual([
      ["chunk", 0, 1],
      ["fail", 2000, "the disk is gone"],
    ]);
  });

  test("an item that no value is, and the source is returned", async () => {
    let returned = 0;
    const source = async function* () {
      try {
        yield await Promise.resolve(new Map());
      } finally {
        returned += 1;
      }
    };
    const { wire, said } = recordingWire();
    new CallerInput("f", source()).begin(wire);
    await settle();
    expect(said[1]).toEqual([
      "fail",
      1001,
      expect.stringContaining("An item of the input cannot be sent: item"),
    ]);
    expect(returned).toBe(1);
  });

  test("an item that no frame has room for", async () => {
    const { wire, said } = recordingWire(10);
    new CallerInput("f", Readable.from(["short", "much too long"])).begin(wire);
    await settle();
    expect(said.slice(1)).toEqual([
      ["chunk", 0, "short"],
      ["fail", 1004, expect.stringContaining("There is no room.")],
    ]);
  });
});

describe("the end of the call", () => {
  test("returns a source that waits for credit, and nothing more is said", async () => {
    let returned = 0;
    const { wire, said } = recordingWire();
    const input = new CallerInput(
      "f",
      counting(1000, () => (returned += 1)),
    );
    input.begin(wire);
    await settle();
    input.stop();
    input.stop();
    await settle();
    expect(returned).toBe(1);
    expect(said).toHaveLength(65);
  });

  test("does not wait for the item that is under way: streams are destroyed and cancelled", async () => {
    const readable = new Readable({ read: () => undefined });
    let cancelled = 0;
    const web = new ReadableStream({ cancel: () => void (cancelled += 1) });
    for (const source of [readable, web]) {
      const { wire, said } = recordingWire();
      const input = new CallerInput("f", source);
      input.begin(wire);
      await settle();
      input.stop();
      await settle();
      expect(said).toEqual([["start", 64]]);
    }
    expect(readable.destroyed).toBe(true);
    expect(cancelled).toBe(1);
  });

  test("a Readable that fails before it is read, or after the call was refused, harms nobody", async () => {
    const refused = new Readable({ read: () => undefined });
    const input = new CallerInput("f", refused);
    refused.destroy(new Error("no such file"));
    // An error that nobody listens to would end this process here.
    await settle();
    input.stop();

    const late = new Readable({ read: () => undefined });
    const { wire, said } = recordingWire();
    const begun = new CallerInput("f", late);
    late.destroy(new Error("no such file"));
    await settle();
    begun.begin(wire);
    await settle();
    expect(said).toEqual([
      ["start", 64],
      ["fail", 2000, expect.stringContaining("no such file")],
    ]);
  });

  test("returns what was never begun, and not what was read to its end", async () => {
    let returned = 0;
    const iterator = {
      next: () => Promise.resolve({ done: true as const, value: undefined }),
      return: () => {
        returned += 1;
        return Promise.resolve({ done: true as const, value: undefined });
      },
    };
    const source = { [Symbol.asyncIterator]: () => iterator };
    new CallerInput("f", source).stop();
    expect(returned).toBe(1);
    const { wire, said } = recordingWire();
    const read = new CallerInput("f", source);
    read.begin(wire);
    await settle();
    read.stop();
    expect(said).toEqual([
      ["start", 64],
      ["end", 0],
    ]);
    expect(returned).toBe(1);
  });

  test("what the source throws while it is ended is nobody's", async () => {
    const next = () => new Promise<IteratorResult<unknown>>(() => undefined);
    const throwing = () => {
      throw new Error("no");
    };
    const source = { [Symbol.asyncIterator]: () => ({ next, return: throwing }) };
    await expect(
      withInput("f", { input: source }, (input) => {
        input?.begin(recordingWire().wire);
        return Promise.resolve("result");
      }),
    ).resolves.toBe("result");
  });
});
