import { expect, test } from "@jest/globals";
import { acceptHandshake } from "../../src/protocol/handshake.js";
import { type Handshake, protocolVersion } from "../../src/protocol/messages.js";

const peer: Handshake = {
  type: "Handshake",
  protocolVersion,
  role: "Worker",
  capabilities: 7,
  maxFrameSize: 1000,
};
const own = { role: "Worker", capabilities: 2, maxFrameBytes: 2000 } as const;

test("a fitting peer gets what both offer and the smaller of both limits", () => {
  expect(acceptHandshake(peer, own)).toStrictEqual({ accepted: true, capabilities: 2, maxFrameBytes: 1000 });
  expect(acceptHandshake({ ...peer, maxFrameSize: 3000 }, own)).toMatchObject({ maxFrameBytes: 2000 });
});

test("capabilities are 32 bits without a sign", () => {
  const all = 0xffff_ffff;
  expect(acceptHandshake({ ...peer, capabilities: all }, { ...own, capabilities: all })).toMatchObject({
    capabilities: all,
  });
});

test.each([
  [
    { protocolVersion: 0x0002_0001 },
    "The peer speaks protocol 2.1 (131073), this side speaks 1.0 (65536); both",
  ],
  [{ protocolVersion: 0 }, "The peer speaks protocol 0.0 (0), this side speaks 1.0 (65536); both"],
  [{ role: "Host" }, "The peer says that it is a Host, but only a Worker may use this link."],
  [{ maxFrameSize: 127 }, "The peer accepts frames of 127 bytes at most, but the protocol needs 128."],
] as const)("a peer with %j is refused in words", (wrong, words) => {
  expect(acceptHandshake({ ...peer, ...wrong }, own)).toMatchObject({
    accepted: false,
    reason: expect.stringContaining(words),
  });
});

test("the version is judged before the role", () => {
  expect(acceptHandshake({ ...peer, protocolVersion: 1, role: "Host" }, own)).toMatchObject({
    reason: expect.stringContaining("0.1 (1)"),
  });
});
