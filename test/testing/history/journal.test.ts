import { expect, test } from "@jest/globals";
import { Journal } from "../../../src/dispatch/journal.js";
import { checkHistory } from "../../../src/testing/history/check-history.js";
import { oneGoodCall } from "./events.js";

test("the entries of the supervisor's journal are events as they are", () => {
  const journal = new Journal();
  for (const event of oneGoodCall.supervisor) {
    const { kind, atMs, callId, instance, code, deadlineMs, functionName, callerId, requestId } = event;
    journal.record(kind, atMs, callId, instance, code, deadlineMs, functionName, callerId, requestId);
  }
  const supervisor = [...journal.entries()];
  expect(checkHistory({ ...oneGoodCall, supervisor }).findings).toEqual([]);
  expect(checkHistory({ ...oneGoodCall, supervisor: supervisor.slice(0, -1) }).findings).toHaveLength(1);
});
