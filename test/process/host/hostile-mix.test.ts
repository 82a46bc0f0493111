// Hosts that misbehave in every way at once, beside one that only calls: who is sent away, who is left waiting, and
// that the good one is served as if it were alone.

import { afterEach, expect, test } from "@jest/globals";
import { encode } from "../../../src/protocol/index.js";
import { closeLeftovers, until } from "../harness.js";
import { connectHost, connectPeer, handshake, type HostPeer, startHosted } from "./raw-host.js";

afterEach(closeLeftovers);

/** Writes the bytes one at a time, each in a turn of the loop of its own, again and again until told to stop. */
function trickle(hosts: readonly HostPeer[], bytes: Uint8Array): () => Promise<void> {
  const state = { isOver: false };
  const trickling = (async () => {
    for (let at = 0; !state.isOver; at = (at + 1) % bytes.length) {
      for (const host of hosts) host.write(bytes.subarray(at, at + 1));
      await new Promise(setImmediate);
    }
  })();
  return () => {
    state.isOver = true;
    return trickling;
  };
}

test("20 silent, 10 slow, 5 that never read, 2 floods: all 300 calls of the good one succeed", async () => {
  const system = await startHosted();
  const good = await connectHost(system);
  const hostile: HostPeer[] = [];
  for (let count = 0; count < 20; count++) hostile.push(await connectPeer(system));
  const slow: HostPeer[] = [];
  for (let count = 0; count < 10; count++) slow.push(await connectPeer(system));
  for (const host of slow.slice(0, 5)) host.write(encode(handshake()));
  const [shaken, unshaken] = [slow.slice(0, 5), slow.slice(5)];
  const never: HostPeer[] = [];
  for (let count = 0; count < 5; count++) never.push(await connectHost(system));
  const floods = [await connectHost(system), await connectHost(system)] as const;

  // A call that never begins: its frame claims a megabyte and gets it byte by byte.
  for (const host of shaken) host.write(Uint8Array.of(0, 16, 0, 0, 0x20));
  for (const host of unshaken) host.write(Uint8Array.of(0, 0, 255, 255, 0x01));
  const stop = trickle(slow, Uint8Array.of(0xc0));
  for (const host of never) {
    host.socket.pause();
    for (let id = 1; id <= 40; id++) host.invoke(id, "work.bytes", { count: 100_000 });
  }
  const many = <Value>(value: Value): readonly Value[] => Array.from({ length: 50_000 }, () => value);
  floods[0].socket.pause();
  floods[0].send(...many({ type: "HealthCheck" } as const));
  floods[1].send(...many({ type: "Cancel", requestId: 99 } as const));

  for (let id = 1; id <= 300; id++) {
    good.invoke(id, "work.echo", { id });
    if (id % 10 === 0)
      for (let one = id - 9; one <= id; one++) expect(await good.value(one)).toMatchObject({ id: one });
  }
  expect(good.received.filter(({ type }) => type === "InvokeResult")).toHaveLength(300);
  expect(good.received.filter(({ type }) => type === "InvokeError")).toEqual([]);

  const sentAway = (): readonly string[] =>
    system.log
      .map(({ message }) => message)
      .filter((message) => message.includes("More than 1000 control frames"));
  await until("both floods are sent away", () => sentAway().length === 2);
  floods[0].socket.resume();
  for (const flood of floods) expect((await flood.fatal()).code).toBe(1000);
  expect([good, ...never].filter(({ isClosed }) => isClosed)).toEqual([]);

  // Who did not read is none the worse for it once it does.
  for (const host of never) host.socket.resume();
  for (const host of never) {
    await until("it has its answers", () => host.received.length === 41);
    expect(host.received.filter(({ type }) => type === "InvokeResult")).toHaveLength(40);
  }
  await stop();
  for (const host of [...hostile, ...slow]) host.destroy();
  good.invoke(301, "work.echo");
  await good.value(301);
  await system.end();
});
