// splice.inspect of a real supervisor with a real worker, embedded and over the host socket: what a viewer can draw of it.

import { afterEach, describe, expect, test } from "@jest/globals";
import { connect } from "../../../src/client/connect.js";
import type { InspectionEvent } from "../../../src/contract/inspection.js";
import type { Splice } from "../../../src/contract/splice.js";
import { Picture } from "../../support/picture.js";
import { closeLeftovers, makeFolder, RawHost, startSystem, until } from "../harness.js";

afterEach(closeLeftovers);

async function serve() {
  const folder = await makeFolder();
  const pools = { app: { functions: "test/fixtures/faults/functions", workers: 1 } };
  const system = await startSystem({ pools, socket: `${folder}/s` });
  return { system, socket: `${folder}/s` };
}

function watching(splice: Splice) {
  const picture = new Picture();
  const items: InspectionEvent[] = [];
  const stop = new AbortController();
  const ended = (async () => {
    for await (const item of splice.stream("splice.inspect", undefined, { signal: stop.signal })) {
      items.push(item as InspectionEvent);
      picture.take(item as InspectionEvent);
    }
  })().catch((error: unknown) => error);
  const shows = (state: string) =>
    until(`it shows ${state}`, () => picture.states.includes(state)).catch(() => {
      throw new Error(`It never showed ${state}, but ${picture.states.join("; ")}.`);
    });
  return { picture, items, shows, stop: () => stop.abort(), ended };
}

describe.each(["embedded", "over a connection"] as const)("%s", (way) => {
  test("a viewer sees the charts as they are, and a worker's death, and one that comes later the same", async () => {
    const { system, socket } = await serve();
    const splice = way === "embedded" ? system.splice : await connect({ socket });
    const [worker] = await system.ready();
    const view = watching(splice);
    await view.shows("app:1 worker ready");
    expect(view.picture.states).toContain("supervisor supervisor running");
    expect([...view.picture.charts.keys()]).toEqual(
      expect.arrayContaining(["supervisor", "pool", "worker", "router", "breakers", "breaker", "call"]),
    );
    process.kill(worker?.pid ?? 0, "SIGKILL");
    await system.ready([worker?.pid ?? 0]);
    await view.shows("app:1 worker ready");
    const steps = view.items.flatMap((item) => (item.type === "transition.taken" ? item.transitions : []));
    expect(steps.map(({ targets }) => targets.join())).toEqual(
      expect.arrayContaining(["worker.exited", "worker.backingOff", "worker.alive.ready"]),
    );
    const late = watching(splice);
    await late.shows("app:1 worker ready");
    expect(late.picture.states).toEqual(view.picture.states);
    late.stop();
    view.stop();
    await Promise.all([late.ended, view.ended]);
    if (way !== "embedded") await splice.close();
    await system.end();
  });

  test("a viewer sees calls go through their chart, also those that stream, fail and are not let in", async () => {
    const { system, socket } = await serve();
    const splice = way === "embedded" ? system.splice : await connect({ socket });
    await system.ready();
    const view = watching(splice);
    await view.shows("app:1 worker ready");
    await system.call("work.pid");
    await system.call("work.throws", { message: "no" });
    await system.call("work.nothing-of-that-name");
    const ends = (): readonly string[] =>
      view.items.flatMap((item) =>
        item.type === "snapshot.changed" && item.snapshot.status === "done"
          ? [JSON.stringify(item.snapshot.value)]
          : [],
      );
    await until("all three are over", () => ends().length >= 3);
    expect([...ends()].sort()).toEqual(['"refused"', '"settled"', '"settled"']);
    expect(view.items.filter(({ type }) => type === "step.refused")).toEqual([]);
    expect(system.log.filter(({ level }) => level === "error")).toEqual([]);
    view.stop();
    await view.ended;
    if (way !== "embedded") await splice.close();
    await system.end();
  });
});

test("it counts as no call, takes no params, and ends with the supervisor", async () => {
  const { system, socket } = await serve();
  const splice = await connect({ socket });
  const view = watching(splice);
  await view.shows("app:1 worker ready");
  await expect(splice.call("splice.inspect")).rejects.toMatchObject({ code: 1001 });
  const misfit = splice.stream("splice.inspect", { follow: true });
  await expect(misfit[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 1001 });
  expect((await splice.status()).calls).toMatchObject({ total: 0, active: 0 });
  await splice.call("splice.stop", {});
  expect(await view.ended).toBeUndefined();
  // To the last: every chart is seen to end.
  expect(view.picture.states).toEqual([]);
  await splice.close();
  await system.splice.close();
  await system.endClosed();
});

test("a host that vanishes watches no more: nothing stays attached", async () => {
  const { system, socket } = await serve();
  for (let n = 0; n < 20; n++) {
    const host = await RawHost.open(socket, { callerId: n + 1, capabilities: 3 });
    host.invoke(1, "splice.inspect");
    await host.next((message) => message.type === "StreamChunk");
    host.destroy();
  }
  // Sixteen may watch at a time: had one of the twenty stayed, this one might not.
  const splice = await connect({ socket });
  const views = Array.from({ length: 16 }, () => watching(splice));
  await until("all of them see it", () => views.every(({ items }) => items.length > 0));
  for (const view of views) view.stop();
  await Promise.all(views.map(({ ended }) => ended));
  await until("nothing is attached", () => system.journal.observer === null);
  await splice.close();
  await system.end();
});
