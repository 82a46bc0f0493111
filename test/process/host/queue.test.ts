// The queue for permits, over real sockets: hosts that load unevenly, hosts that vanish, and a drain.

import { afterEach, describe, expect, test } from "@jest/globals";
import { closeLeftovers, until, type TestSystem } from "../harness.js";
import { connectHost, startHosted, type HostPeer } from "./raw-host.js";

afterEach(closeLeftovers);

/** Keeps `parallel` calls under way until `isOver`; resolves with the codes of all of them, in the order sent. */
async function load(host: HostPeer, parallel: number, isOver: (sent: number) => boolean): Promise<number[]> {
  const codes: number[] = [];
  let sent = 0;
  const one = async (): Promise<void> => {
    while (!isOver(sent)) {
      const requestId = ++sent;
      host.invoke(requestId, "work.turns", { count: 3 });
      const answer = await host.terminal(requestId);
      codes[requestId - 1] = answer.type === "InvokeError" ? answer.code : 0;
    }
  };
  await Promise.all(Array.from({ length: parallel }, one));
  return codes;
}

/** Calls of `callerId` that had to wait, and how many others were let in before each. */
function overtakers({ journal }: TestSystem, callerId: number): number[] {
  const counts: number[] = [];
  for (const [place, entry] of journal.all.entries()) {
    if (entry.kind !== "enqueue" || entry.callerId !== callerId) continue;
    const after = journal.all.slice(place).filter(({ kind }) => kind === "accept");
    counts.push(after.findIndex(({ callId }) => callId === entry.callId));
  }
  return counts;
}

describe("two hosts that load 10 : 1", () => {
  test("the light one is never refused and gets the next permit that comes free; the heavy one is refused", async () => {
    const system = await startHosted({
      limits: { maxInFlight: 8, maxInFlightPerFunction: 8, maxQueue: 20, maxQueueWaitMs: 10_000 },
    });
    const [heavy, light] = [await connectHost(system), await connectHost(system)];
    let isOver = false;
    const heavyCodes = load(heavy, 40, () => isOver);
    await until("the queue is full", () => system.journal.of("reject").length > 0);
    const lightCodes = await load(light, 4, (sent) => sent >= 200);
    isOver = true;
    expect(lightCodes).toEqual(Array<number>(200).fill(0));
    const refused = (await heavyCodes).filter((code) => code === 3002);
    expect(refused.length).toBeGreaterThan(0);
    // It holds fewer than half of the permits, so each that comes free while it waits is for one of its own calls.
    const waits = overtakers(system, light.callerId);
    expect(waits.length).toBeGreaterThan(20);
    expect(Math.max(...waits)).toBeLessThan(4);
    await system.end();
  });
});

describe("calls that wait when something ends", () => {
  const limits = { maxInFlight: 1, maxInFlightPerFunction: 1, maxQueue: 10, maxQueueWaitMs: 10_000 };
  const queued = (system: TestSystem, count: number) =>
    until("the calls wait", () => system.journal.of("enqueue").length === count);

  test("a host cancels one and vanishes with others: none of them runs, and their places are free", async () => {
    const system = await startHosted({ limits });
    const [leaving, staying] = [await connectHost(system), await connectHost(system)];
    leaving.invoke(1, "work.hold", { gate: "a" });
    for (const id of [2, 3, 4]) leaving.invoke(id, "work.echo");
    await queued(system, 3);
    staying.invoke(1, "work.echo");
    await queued(system, 4);
    leaving.cancel(2);
    expect(await leaving.failure(2)).toMatchObject({ code: 2002 });
    leaving.destroy();
    await until("they are gone", () => system.journal.of("reject").length === 3);
    expect(system.journal.of("dispatch")).toHaveLength(1);
    const { calls } = await system.splice.status();
    expect(calls).toMatchObject({ active: 1, cancelled: 4, rejected: 0 });
    process.kill(await system.pid(), "SIGKILL");
    expect(await staying.value(1)).toHaveProperty("key");
    await system.end();
  });

  test("a drain refuses them with 3001, and ends when those that were taken have ended", async () => {
    const system = await startHosted({ limits });
    const host = await connectHost(system);
    host.invoke(1, "work.untilCancelled");
    host.invoke(2, "work.echo");
    await queued(system, 1);
    const closed = system.splice.close();
    expect(await host.failure(2)).toMatchObject({ code: 3001, details: { reason: "draining" } });
    host.cancel(1);
    expect(await host.failure(1)).toMatchObject({ code: 2002 });
    await closed;
    await system.endClosed();
  });
});
