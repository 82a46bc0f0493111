// Histories of streams made by hand: good ones, and others in which order (G8) or credit (G9) is broken.

import { describe, expect, test } from "@jest/globals";
import { checkHistory } from "../../../src/testing/history/check-history.js";
import type { History, HostEvent, SupervisorEvent } from "../../../src/testing/history/events.js";
import {
  accept,
  dispatch,
  end,
  invoke,
  keyOf,
  oneGoodCall,
  process,
  release,
  settle,
  start,
} from "./events.js";

const request = { callerId: 1, requestId: 1, atMs: 0 };
const opened: HostEvent = { ...invoke(1, 1), streams: true } as HostEvent;
const began = (window: number): HostEvent => ({ kind: "stream", ...request, window });
const chunk = (sequence: number, bytes = 1): HostEvent => ({ kind: "chunk", ...request, sequence, bytes });
const ack = (sequence: number, window: number): HostEvent => ({ kind: "ack", ...request, sequence, window });
const ended = (code: number, total?: number): HostEvent => ({
  kind: "outcome",
  ...request,
  code,
  ...(total === undefined ? {} : { total }),
});
const entry = (kind: "stream" | "credit", code: number): SupervisorEvent => ({
  ...settle(1, 1, code),
  kind,
});

const up = [process("spawn", 1, 100), process("ready", 1, 100), accept(1, 1, 1), dispatch(1, 1)];
const journal = (items: number, code = 0, window = 2) => [
  ...up,
  entry("stream", window),
  settle(1, 1, code),
  entry("credit", items),
  release(1, 1),
];
const ran = [start(keyOf(1, 1), 100), end(keyOf(1, 1), 100)];

function findings(
  host: readonly HostEvent[],
  supervisor: readonly SupervisorEvent[],
  more: Partial<History> = {},
) {
  return checkHistory({ ...oneGoodCall, host, supervisor, worker: ran, ...more }).findings.map(
    ({ verdict, guarantee, message }) => `${verdict} ${guarantee}: ${message}`,
  );
}

describe("nothing is found in", () => {
  test.each<[string, HostEvent[], SupervisorEvent[]]>([
    ["an empty stream", [opened, began(2), ended(0, 0)], journal(0)],
    [
      "one whose items keep to every grant",
      [opened, began(2), chunk(0), chunk(1), ack(0, 2), chunk(2), ack(2, 1), chunk(3), ended(0, 4)],
      journal(4),
    ],
    [
      "one that was granted less later than before",
      [opened, began(4), chunk(0), ack(0, 0), chunk(1), chunk(2), chunk(3), ended(0, 4)],
      journal(4, 0, 4),
    ],
    [
      "a large item alone",
      [opened, began(2), chunk(0, 5_000_000), ack(0, 2), chunk(1), ended(0, 2)],
      journal(2),
    ],
    ["a caller that sees items alone", [opened, { ...chunk(0) }, ended(0)], journal(1)],
    ["a death after exactly what was passed on", [opened, began(2), chunk(0), ended(2003)], journal(1, 2003)],
    [
      "a cancelled stream, of which more was on its way",
      [opened, began(2), chunk(0), { kind: "cancel", ...request }, ended(2002)],
      journal(2, 2002),
    ],
    ["a stream whose caller does not say what it got", [invoke(1, 1), ended(0)], journal(7)],
  ])("%s", (_, host, supervisor) => {
    expect(findings(host, supervisor)).toEqual([]);
  });
});

describe("is found:", () => {
  test.each<[string, HostEvent[], SupervisorEvent[], string]>([
    [
      "a gap",
      [opened, began(4), chunk(0), chunk(2), ended(0, 2)],
      journal(2, 0, 4),
      "lost G8: item 2 came where 1 was due",
    ],
    [
      "a repeat",
      [opened, began(4), chunk(0), chunk(0), ended(0, 2)],
      journal(2, 0, 4),
      "duplicated G8: item 0 came where 1 was due",
    ],
    [
      "two in the wrong order",
      [opened, began(4), chunk(1), chunk(0), ended(0, 2)],
      journal(2, 0, 4),
      "lost G8: item 1 came where 0 was due",
    ],
    [
      "an item after the end",
      [opened, began(4), chunk(0), ended(2000), chunk(1)],
      journal(2, 2000, 4),
      "unexpected G8: item 1 came after its end",
    ],
    [
      "an end that came too early",
      [opened, began(4), chunk(0), ended(0, 2)],
      journal(1, 0, 4),
      "lost G8: it ended well after 1 items, but there were 2",
    ],
    [
      "an item that was lost on the way from the supervisor",
      [opened, chunk(0), ended(0)],
      journal(2),
      "lost G8: 1 items came, but the journal has 2",
    ],
    [
      "an item that was lost before a death",
      [opened, chunk(0), ended(2003)],
      journal(2, 2003),
      "lost G8: 1 items came, but the journal has 2",
    ],
    [
      "an item from nowhere",
      [opened, chunk(0), chunk(1), ended(2001)],
      journal(1, 2001),
      "unexpected G8: 2 items came, but the journal has 1",
    ],
    [
      "a stream that began twice",
      [opened, began(2), began(2), ended(0, 0)],
      journal(0),
      "duplicated G8: its stream began twice",
    ],
    [
      "a stream that began after its end",
      [opened, ended(2002), began(2)],
      journal(0, 2002),
      "unexpected G8: its stream began after its end",
    ],
    [
      "an item beyond the first grant",
      [opened, began(2), chunk(0), chunk(1), chunk(2), ended(0, 3)],
      journal(3),
      "unexpected G9: item 2 came, but 1 was granted",
    ],
    [
      "an item beyond a later grant",
      [opened, began(2), chunk(0), chunk(1), ack(0, 1), chunk(2), ended(0, 3)],
      journal(3),
      "unexpected G9: item 2 came, but 1 was granted",
    ],
    [
      "an item that a false ack would have granted",
      [opened, began(1), chunk(0), ack(1, 4), chunk(1), ended(0, 2)],
      journal(2, 0, 1),
      "unexpected G9: item 1 came, but 0 was granted",
    ],
    [
      "more than 1 MiB unacknowledged",
      [opened, began(2), chunk(0, 1_048_576), chunk(1, 1), ended(0, 2)],
      journal(2),
      "unexpected G9: with item 1 1048577 bytes were unacknowledged",
    ],
    [
      "credit that was not taken back",
      [opened, ended(0)],
      journal(0).filter(({ kind }) => kind !== "credit"),
      "lost G9: its slot was freed, but its credit was not taken back",
    ],
    [
      "credit that was taken back twice",
      [opened, ended(0)],
      [...journal(0), entry("credit", 0)],
      "duplicated G9: more credit was taken back than was granted",
    ],
    [
      "credit that was granted twice",
      [opened, ended(0)],
      [...up, entry("stream", 2), ...journal(0).slice(4), entry("credit", 0)],
      "duplicated G9: its credit was granted twice",
    ],
    [
      "a grant that no stream may begin with",
      [opened, ended(0)],
      journal(0, 0, 1025),
      "unexpected G9: its stream began with 1025 items",
    ],
    [
      "a grant that was changed on the way",
      [opened, began(3), ended(0, 0)],
      journal(0),
      "lied G9: its caller was granted 3 items, but the journal has 2",
    ],
  ])("%s", (_, host, supervisor, finding) => {
    expect(findings(host, supervisor)).toContain(finding);
  });

  test("a stream of nobody", () => {
    expect(findings([opened, ended(0)], [...journal(0), { ...entry("stream", 2), callId: 9 }])).toContain(
      "unexpected G7: stream without an accept",
    );
  });
});
