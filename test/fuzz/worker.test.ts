import { describe, expect, test } from "@jest/globals";
import type { Message } from "../../src/protocol/messages.js";
import { allTypes, inputContext, sample } from "./sessions.js";
import { runTarget } from "./target.js";
import { WorkerRig, workers } from "./worker.js";
import { workerTable, type WorkerSessionState } from "./worker-table.js";

const ack = sample("HandshakeAck", 0);
const call = sample("Invoke", 1) as Extract<Message, { type: "Invoke" }>;
const withInput: Message = { ...call, context: inputContext };
const begin = sample("StreamStart", 1);

/** What its supervisor says to bring a worker into a state, and the id that the next message is about. */
const ways: Record<
  WorkerSessionState,
  { readonly said: readonly Message[]; readonly id: number; readonly isLoading?: true }
> = {
  greeting: { said: [], id: 1 },
  loading: { said: [ack], id: 1, isLoading: true },
  serving: { said: [ack], id: 1 },
  calling: { said: [ack, call], id: 1 },
  announced: { said: [ack, withInput], id: 1 },
  giving: { said: [ack, withInput, begin], id: 1 },
  given: { said: [ack, withInput, begin, sample("StreamEnd", 1)], id: 1 },
  draining: { said: [ack, call, sample("Shutdown", 0)], id: 2 },
  finished: { said: [ack, sample("Shutdown", 0)], id: 1 },
};

describe.each(Object.keys(workerTable) as WorkerSessionState[])("%s", (state) => {
  const { said, id, isLoading } = ways[state];

  test.each(allTypes)("%s", (type) => {
    const rig = new WorkerRig();
    if (isLoading !== true) rig.load();
    rig.say(said);
    const before = rig.said.length;
    rig.say([sample(type, id)]);
    expect(rig.said.slice(before)).toEqual(workerTable[state][type]);
  });

  test("bytes that are no message", () => {
    const rig = new WorkerRig();
    rig.say(said);
    rig.sayBytes(Uint8Array.of(0, 0, 0, 1, 0x60, 0xc1));
    expect(rig.said.at(-1)).toBe("refused");
  });

  test("an error without an id, which is a refusal", () => {
    const rig = new WorkerRig();
    rig.say(said);
    rig.say([sample("InvokeError", 0)]);
    expect(rig.said.at(-1)).toBe("refused");
  });
});

test("whatever its supervisor says, a worker answers or refuses, and no other error escapes", async () => {
  const { test: count } = workers.counts;
  const tally = await runTarget(workers, 20_260_101, count);
  for (const met of ["refused", "finished", "going on"]) expect(tally.get(met)).toBeGreaterThan(count / 100);
});
