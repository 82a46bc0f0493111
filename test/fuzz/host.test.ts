import { describe, expect, test } from "@jest/globals";
import { HostRig, hosts } from "./host.js";
import { hostTable, type HostState } from "./host-table.js";
import { allTypes, inputContext, sample } from "./sessions.js";
import { runTarget } from "./target.js";
import type { Message } from "../../src/protocol/messages.js";

const call = sample("Invoke", 1) as Extract<Message, { type: "Invoke" }>;
const withInput: Message = { ...call, context: inputContext };
const shaken = sample("Handshake", 0);

/** What a host says to come into a state, in which the next message is about that id. */
const ways: Record<
  HostState,
  { readonly said: readonly Message[]; readonly id: number; readonly streams?: true }
> = {
  handshaking: { said: [], id: 1 },
  idle: { said: [shaken], id: 1 },
  afterInput: { said: [shaken, { ...withInput, functionName: "none" }], id: 2 },
  calling: { said: [shaken, call], id: 1 },
  streaming: { said: [shaken, call], id: 1, streams: true },
  announced: { said: [shaken, withInput], id: 1 },
  giving: { said: [shaken, withInput, sample("StreamStart", 1)], id: 1 },
  given: { said: [shaken, withInput, sample("StreamStart", 1), sample("StreamEnd", 1)], id: 1 },
  leaving: { said: [shaken, call, sample("Shutdown", 0)], id: 2 },
  closed: { said: [sample("HealthCheck", 0)], id: 1 },
};

const states = Object.keys(hostTable) as HostState[];

describe.each(states)("%s", (state) => {
  test.each(allTypes)("%s", async (type) => {
    const { said, id, streams } = ways[state];
    const rig = new HostRig(streams === true);
    for (const message of said) await rig.send([message]);
    const before = rig.received.length;
    const message = sample(type, id);
    if ("requestId" in message) expect(rig.model.stateFor(message)).toBe(state);
    await rig.send([message]);
    const came = rig.received.slice(before).filter((each) => each !== "close");
    expect(came).toEqual(hostTable[state][type].filter((each) => each !== "close"));
    await rig.check();
  });

  test("bytes that are no message", async () => {
    const { said, streams } = ways[state];
    const rig = new HostRig(streams === true);
    for (const message of said) await rig.send([message]);
    await rig.sendBytes(Uint8Array.of(0, 0, 0, 1, 0x60, 0xc1));
    expect(rig.received.filter((each) => each === "fatal")).toHaveLength(1);
    await rig.check();
  });
});

test("whatever a host says, it gets what the table says, and nobody else notices", async () => {
  const { test: count } = hosts.counts;
  const tally = await runTarget(hosts, 20_260_101, count);
  for (const phase of ["handshaking", "open", "leaving", "closed"])
    expect(tally.get(phase)).toBeGreaterThan(0);
}, 60_000);
