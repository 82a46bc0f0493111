import { expect, test } from "@jest/globals";
import { decodeWire } from "../../src/protocol/codec.js";
import { toWireEvent, wireEventTypes } from "../../src/protocol/events.js";
import { messageCode } from "../../src/protocol/messages.js";
import { validVectors } from "./vectors.js";

const facts = /^[a-z]+(?:[A-Z][a-z]+)*\.(?:[a-z]+ed)$/;
const commands = /^(?:shutdown\.request|exports\.list|call\.invoke|call\.cancel|health\.check)$/;

test("every message has an event of its own, named in dot.case as a command or a fact", () => {
  expect(Object.keys(wireEventTypes)).toStrictEqual(Object.keys(messageCode));
  const names = Object.values(wireEventTypes);
  expect(new Set(names).size).toBe(19);
  for (const name of names)
    expect([name, facts.test(name) !== commands.test(name)]).toStrictEqual([name, true]);
});

test("an event carries the message it is", () => {
  for (const { frame } of validVectors) {
    const message = decodeWire(frame[4] ?? 0, frame.subarray(5));
    const event = toWireEvent(message);
    expect(event.type).toBe(wireEventTypes[message.type]);
    expect(event.message).toBe(message);
  }
});
