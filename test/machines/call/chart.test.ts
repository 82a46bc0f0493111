import { expect, test } from "@jest/globals";
import { adjacencyMapToArray, getAdjacencyMap, getShortestPaths } from "xstate/graph";
import { callMachine } from "../../../src/machines/call/machine.js";

const events = [
  "call.enqueued",
  "call.accepted",
  "call.rejected",
  "call.dispatched",
  "stream.started",
  "cancel.sent",
  "caller.answered",
  "answer.discarded",
  "credit.returned",
  "slot.released",
] as const;
const options = { events: events.map((type) => ({ type })), limit: 1000 };

test("the chart has these edges and no others", () => {
  const edges = adjacencyMapToArray(getAdjacencyMap(callMachine, options))
    .map(({ state, event, nextState }) => ({
      from: state.value,
      type: event.type,
      to: nextState.value,
      state,
    }))
    .filter(({ state, type }) => state.can({ type }))
    .map(({ from, type, to }) => `${from} --${type}--> ${to}`);
  expect([...new Set(edges)].sort()).toEqual(
    [
      "arriving --call.accepted--> queued",
      "arriving --call.rejected--> refused",
      "arriving --call.enqueued--> waiting",
      "waiting --call.accepted--> queued",
      "waiting --call.rejected--> refused",
      "queued --call.dispatched--> dispatched",
      "queued --caller.answered--> answeredUnstarted",
      "answeredUnstarted --slot.released--> settled",
      "dispatched --stream.started--> streaming",
      "dispatched --cancel.sent--> cancelling",
      "streaming --cancel.sent--> cancelling",
      "streaming --caller.answered--> answered",
      "cancelling --stream.started--> cancelling",
      "dispatched --caller.answered--> answered",
      "cancelling --caller.answered--> answered",
      "answered --answer.discarded--> answered",
      "answered --stream.started--> answered",
      "answered --credit.returned--> answered",
      "answered --slot.released--> settled",
    ].sort(),
  );
});

test("every way to the end answers the caller once, and frees the slot once if there was one", () => {
  const ways = getShortestPaths(callMachine, { ...options, toState: (state) => state.status === "done" });
  expect(ways.map((way) => way.state.value).sort()).toEqual(["refused", "settled"]);
  for (const { steps, state } of ways) {
    const types = steps.map((step) => step.event.type);
    const count = (type: string) => types.filter((each) => each === type).length;
    const isSettled = state.value === "settled";
    expect(count("caller.answered") + count("call.rejected")).toBe(1);
    expect(count("slot.released")).toBe(isSettled ? 1 : 0);
  }
});

test("from every state an end can be reached", () => {
  for (const { state } of getShortestPaths(callMachine, options)) {
    const ends = getShortestPaths(callMachine, {
      ...options,
      fromState: state,
      toState: (other) => other.status === "done",
    });
    expect([state.value, ends.length > 0]).toEqual([state.value, true]);
  }
});
