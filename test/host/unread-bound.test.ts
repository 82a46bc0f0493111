// What may wait for a host that does not read: the bound, and errors beyond it over a connection that a test plays.

import { expect, test } from "@jest/globals";
import { mostUnreadBytes, UnreadBound } from "../../src/host/unread-bound.js";
import { encodeValue } from "../../src/protocol/values.js";
import { settle, world } from "./world.js";

const mib = 1_048_576;

test("two frames of the largest size may wait, and 64 MiB in any case", () => {
  expect([100 * mib, 32 * mib, 1024].map(mostUnreadBytes)).toEqual([200 * mib, 64 * mib, 64 * mib]);
  const bound = new UnreadBound({ queuedBytes: 63 * mib }, 1024);
  expect(bound.refusalOf(mib)).toBeNull();
  expect(bound.refusalOf(mib + 1)).toMatchObject({ code: 2000, kind: "System" });
});

test("beyond it an error still comes, without what may be of any size", async () => {
  const { connect, answer, fail } = world();
  const host = connect();
  host.shakeHands();
  for (let id = 1; id <= 74; id++) host.invoke(id);
  await settle();
  host.peer.pause();
  // 67 results are as many as fit in.
  for (let place = 0; place < 70; place++) answer(place, new Uint8Array(999_000));
  fail(70, encodeValue({ name: "Small" }));
  const rest = encodeValue({ name: "Large", text: "x".repeat(500_000) });
  for (const place of [71, 72, 73]) fail(place, rest);
  await settle();
  host.peer.resume();
  for (let turn = 0; host.received.length < 1 + 74 && turn < 1000; turn++) await settle();
  const errors = host.received.flatMap((message) => (message.type === "InvokeError" ? [message] : []));
  expect(errors.map(({ requestId, code, details }) => [requestId, code, details?.length])).toEqual([
    [68, 2000, expect.any(Number)],
    [69, 2000, expect.any(Number)],
    [70, 2000, expect.any(Number)],
    [71, 2000, encodeValue({ name: "Small" }).length],
    [72, 2000, undefined],
    [73, 2000, undefined],
    [74, 2000, undefined],
  ]);
});
